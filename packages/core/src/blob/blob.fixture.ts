import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from "node:crypto";
import type { Primitives } from "../primitives.ts";
import { type BlobKey, createBlobKey } from "./blob-key.ts";
import { planMessage } from "./blob-plan.ts";
import { type BlobRef, chunkRoot } from "./blob-ref.ts";
import { deriveMessage } from "./cobblestone.ts";
import type { RunningHash } from "./read-blob.ts";
import { type BlobSealing, type BlobSource, blobContext, blobScheme, sealChunk } from "./seal-blob.ts";
import { createSegmentCipher, type SegmentCipher } from "./segment-cipher.ts";

type BlobPrimitives = Pick<Primitives, "random" | "sha256" | "hkdfExpandSha512" | "sealAes256Gcm" | "openAes256Gcm">;

/** The primitives that blobs need, on node:crypto. */
export const primitives: BlobPrimitives = {
  random: (length) => new Uint8Array(randomBytes(length)),
  sha256: (...parts) => {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
  hkdfExpandSha512(key, info, length) {
    const out = new Uint8Array(length);
    let block = new Uint8Array(0);
    for (let at = 0, i = 1; at < length; at += block.length, i++) {
      block = new Uint8Array(createHmac("sha512", key).update(block).update(info).update(Uint8Array.of(i)).digest());
      out.set(block.subarray(0, length - at), at);
    }
    return out;
  },
  async sealAes256Gcm(key, nonce, associatedData, plaintext) {
    const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associatedData);
    return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  },
  async openAes256Gcm(key, nonce, associatedData, sealed) {
    const end = sealed.length - 16;
    const cipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: 16 }).setAAD(associatedData);
    try {
      cipher.setAuthTag(sealed.subarray(end));
      return new Uint8Array(Buffer.concat([cipher.update(sealed.subarray(0, end)), cipher.final()]));
    } catch {
      return undefined;
    }
  },
};

export const cipher: SegmentCipher = createSegmentCipher(primitives);

export function nodeHash(): RunningHash {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
}

export function sourceOf(plaintext: Uint8Array): BlobSource {
  return { read: (offset, into) => into.set(plaintext.subarray(offset, offset + into.length)) };
}

export async function* streamOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

/** Every `size` bytes of `bytes`. */
export function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part.slice());
  return new Uint8Array(Buffer.concat(parts));
}

/** A sealing with chunks that are small enough to have many of them. */
export function smallSealing(
  key: BlobKey,
  salt: Uint8Array,
  size: number,
  padded: number,
  chunkBytes: number,
): BlobSealing {
  return { plan: planMessage(size, padded, chunkBytes), ...deriveMessage(primitives, key, salt, blobContext()) };
}

export async function sealAll(
  sealing: BlobSealing,
  plaintext: Uint8Array,
  with_: SegmentCipher = cipher,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < sealing.plan.chunkCount; i++)
    chunks.push((await sealChunk(with_, sealing, i, sourceOf(plaintext))).slice());
  return chunks;
}

export function refOf(key: BlobKey, plaintext: Uint8Array, chunks: readonly Uint8Array[]): BlobRef {
  const hashes = chunks.map((chunk) => primitives.sha256(chunk));
  return {
    scheme: blobScheme,
    key,
    size: plaintext.length,
    plaintextHash: primitives.sha256(plaintext),
    root: chunkRoot(primitives, hashes),
    chunks: hashes,
  };
}

/** Bytes in which every position differs from its neighbours' and from other seeds'. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const freshKey = (): BlobKey => createBlobKey(primitives.random);
