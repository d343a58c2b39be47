import { concatBytes, equalBytes, utf8 } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import { blobRefused } from "./blob-refused.ts";

// https://c2sp.org/chunked-encryption, instantiated as Cobblestone-256: HKDF-SHA-512 and AES-256-GCM.

export const saltBytes = 24;
export const headerBytes = 56;
export const tagBytes = 16;
/** Plaintext of every segment but the last, which is always shorter and may be empty. */
export const segmentBytes = 16384;
export const sealedSegmentBytes: number = segmentBytes + tagBytes;

/** What one message is sealed under. `key` is an AES-256 key, `baseNonce` 12 bytes: secrets of this one message, never reused. */
export interface SegmentKeys {
  readonly key: Uint8Array;
  readonly baseNonce: Uint8Array;
}

export interface Message {
  readonly keys: SegmentKeys;
  /** Salt and key commitment: the first 56 bytes of the ciphertext. */
  readonly header: Uint8Array;
}

/** Derive what seals one message. The same input key and salt must never seal two different messages.
 *  @throws BullaError blob/refused when the key is not 32 or the salt not 24 bytes */
export function deriveMessage(
  primitives: Pick<Primitives, "hkdfExpandSha512">,
  inputKey: Uint8Array,
  salt: Uint8Array,
  context: Uint8Array,
): Message {
  if (inputKey.length !== 32 || salt.length !== saltBytes) throw blobRefused();
  const info = concatBytes(infoPrefix, salt, context);
  const okm = primitives.hkdfExpandSha512(inputKey, info, 32 + 12 + 32);
  return {
    keys: { key: new Uint8Array(okm.subarray(0, 32)), baseNonce: new Uint8Array(okm.subarray(32, 44)) },
    header: concatBytes(salt, okm.subarray(44)),
  };
}

/** Check the header of a message before any segment is opened; the commitment is compared in constant time.
 *  @throws BullaError blob/refused */
export function openHeader(
  primitives: Pick<Primitives, "hkdfExpandSha512">,
  inputKey: Uint8Array,
  header: Uint8Array,
  context: Uint8Array,
): Message {
  if (header.length !== headerBytes) throw blobRefused();
  const message = deriveMessage(primitives, inputKey, header.subarray(0, saltBytes), context);
  if (!equalBytes(message.header, header)) throw blobRefused();
  return message;
}

/** The nonce of one segment: the base nonce with the segment's number (below 2^38) added in by XOR, big-endian. */
export function segmentNonce(baseNonce: Uint8Array, segment: number): Uint8Array {
  const nonce = new Uint8Array(baseNonce);
  let rest = segment;
  for (let i = nonce.length - 1; rest > 0; i--) {
    nonce[i] = (nonce[i] ?? 0) ^ (rest % 256);
    rest = Math.floor(rest / 256);
  }
  return nonce;
}

/** How many bytes a message of `plaintextBytes` takes, header included. */
export function sealedLength(plaintextBytes: number): number {
  return headerBytes + plaintextBytes + tagBytes * (Math.floor(plaintextBytes / segmentBytes) + 1);
}

/** The one plaintext length whose message takes `total` bytes; undefined when there is none. */
export function openedLength(total: number): number | undefined {
  const body = total - headerBytes;
  const last = body % sealedSegmentBytes;
  if (body < tagBytes || last < tagBytes) return undefined;
  return Math.floor(body / sealedSegmentBytes) * segmentBytes + last - tagBytes;
}

const infoPrefix = utf8("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");
