import { BullaError, concatBytes, equalBytes, labelBytes, uintBytes } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { StreamSecrets } from "./chapter-keys.ts";
import { kindByte, type RecordKind } from "./outer-record.ts";

/** Where a record belongs. All of it is associated data. */
export interface RecordPlace {
  readonly space: Uint8Array;
  readonly number: number;
  readonly retry: number;
  readonly kind: RecordKind;
}

const saltBytes = 32;
const commitmentBytes = 32;
const zeroNonce = new Uint8Array(12);

/** Bytes that sealing adds. */
export const sealOverheadBytes: number = saltBytes + commitmentBytes + 16;

/** Seal under a fresh key: HKDF(record secret, 32-byte salt) yields key and key commitment, so a ciphertext has one key only. */
export async function sealAtPlace(
  primitives: Primitives,
  stream: StreamSecrets,
  place: RecordPlace,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const salt = primitives.random(saltBytes);
  const { key, commitment } = recordKey(primitives, stream, salt);
  return concatBytes(salt, commitment, await primitives.sealAes256Gcm(key, zeroNonce, placeBytes(place), plaintext));
}

/** One answer for every cause of failure.
 *  @throws BullaError core/open-failed */
export async function openAtPlace(
  primitives: Primitives,
  stream: StreamSecrets,
  place: RecordPlace,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  const { key, commitment } = recordKey(primitives, stream, sealed.subarray(0, saltBytes));
  const committed = equalBytes(commitment, sealed.subarray(saltBytes, saltBytes + commitmentBytes));
  const plaintext = committed
    ? await primitives.openAes256Gcm(key, zeroNonce, placeBytes(place), sealed.subarray(saltBytes + commitmentBytes))
    : undefined;
  if (plaintext === undefined) throw new BullaError("core/open-failed", "record cannot be opened");
  return plaintext;
}

function recordKey(
  primitives: Primitives,
  { recordSecret }: StreamSecrets,
  salt: Uint8Array,
): { readonly key: Uint8Array; readonly commitment: Uint8Array } {
  const material = primitives.hkdfSha256(recordSecret, salt, labelBytes("recordKey"), 32 + commitmentBytes);
  return { key: material.subarray(0, 32), commitment: material.subarray(32) };
}

function placeBytes({ space, number, retry, kind }: RecordPlace): Uint8Array {
  return concatBytes(
    labelBytes("recordPlace"),
    space,
    uintBytes(number, 8),
    uintBytes(retry, 4),
    Uint8Array.of(kindByte(kind)),
  );
}
