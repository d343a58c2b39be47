import { expand } from "@noble/hashes/hkdf.js";
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { checkHkdfLength, type HashName } from "../../suite/algorithms.ts";

const hashes = { sha256, sha512 } as const;

/** HMAC over the parts one after the other. */
export function hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const running = nobleHmac.create(hashes[hash], key);
  for (const part of parts) running.update(part);
  return running.digest();
}

export function hkdfExtract(
  hash: HashName,
  salt: Uint8Array,
  ...inputKeyingMaterial: readonly Uint8Array[]
): Uint8Array {
  return hmac(hash, salt, ...inputKeyingMaterial);
}

/** @throws InternalError when more than 255 blocks are asked for */
export function hkdfExpand(hash: HashName, pseudorandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  checkHkdfLength(hash, length);
  // A caller gets an array of its own, whatever the library keeps.
  return length === 0 ? new Uint8Array(0) : expand(hashes[hash], pseudorandomKey, info, length).slice();
}
