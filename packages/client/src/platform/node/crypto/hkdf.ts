import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { checkHkdfLength, type HashName, hashBytes } from "../../suite/algorithms.ts";
import { plainBytes } from "./plain-bytes.ts";

/** HMAC over the parts one after the other. */
export function hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  return hmacWith(hash, createSecretKey(key), parts);
}

/** RFC 5869 §2.2. An empty salt means a hash-sized salt of zeros, which HMAC treats as the same key. */
export function hkdfExtract(
  hash: HashName,
  salt: Uint8Array,
  ...inputKeyingMaterial: readonly Uint8Array[]
): Uint8Array {
  return hmac(hash, salt, ...inputKeyingMaterial);
}

/** RFC 5869 §2.3. Built on HMAC, because node's own `hkdf` refuses more than 1024 bytes of info.
 *  @throws InternalError when more than 255 blocks are asked for */
export function hkdfExpand(hash: HashName, pseudorandomKey: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  checkHkdfLength(hash, length);
  const size = hashBytes[hash];
  const key = createSecretKey(pseudorandomKey);
  const out = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let counter = 1, offset = 0; offset < length; counter++, offset += size) {
    block = hmacWith(hash, key, [block, info, Uint8Array.of(counter)]);
    out.set(block.subarray(0, length - offset), offset);
  }
  return out;
}

// Given bytes for a key, createHmac takes three times as long as given the KeyObject that createSecretKey makes of them (Node 24).
function hmacWith(hash: HashName, key: KeyObject, parts: readonly Uint8Array[]): Uint8Array {
  const running = createHmac(hash, key);
  for (const part of parts) running.update(part);
  return plainBytes(running.digest());
}
