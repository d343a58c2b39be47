import { decapsulate, encapsulate, type KeyObject } from "node:crypto";
import { BullaError } from "@bulla/wire";
import type { Encapsulation } from "./kem.ts";
import { plainBytes } from "./plain-bytes.ts";
import { checkLength } from "./raw-keys.ts";

export const mlKem768CiphertextBytes = 1088;

/** ML-KEM-768.Encaps, FIPS 203 §7.2. Its randomness comes from OpenSSL and cannot be given. */
export function mlKem768Encapsulate(publicKey: KeyObject): Encapsulation {
  const { ciphertext, sharedKey } = encapsulate(publicKey);
  return { enc: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) };
}

/** ML-KEM-768.Decaps, FIPS 203 §7.3: a changed ciphertext gives a secret that nobody else has, not an error.
 *  @throws BullaError core/bad-key – the ciphertext has another length */
export function mlKem768Decapsulate(privateKey: KeyObject, ciphertext: Uint8Array): Uint8Array {
  checkLength("ML-KEM-768 ciphertext", ciphertext, mlKem768CiphertextBytes);
  try {
    return plainBytes(decapsulate(privateKey, ciphertext));
  } catch (cause) {
    throw new BullaError("core/bad-key", "that is not an ML-KEM-768 ciphertext", { cause });
  }
}
