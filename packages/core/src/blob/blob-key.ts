import type { Random } from "../primitives.ts";
import { blobRefused } from "./blob-refused.ts";
import { saltBytes } from "./cobblestone.ts";

/** 32 random bytes that seal exactly one blob. Whoever holds it and knows the chunk hashes reads the blob. */
export type BlobKey = Uint8Array & { readonly blobKey: unique symbol };

export function createBlobKey(random: Random): BlobKey {
  return blobKeyOf(random(32));
}

/** @throws BullaError blob/refused unless there are 32 bytes */
export function blobKeyOf(bytes: Uint8Array): BlobKey {
  if (bytes.length !== 32) throw blobRefused();
  return bytes as BlobKey;
}

/** The salt of a new blob. Keep it with the key: sealing again after a stop needs both. */
export function createBlobSalt(random: Random): Uint8Array {
  return random(saltBytes);
}
