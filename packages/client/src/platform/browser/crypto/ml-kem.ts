import { BullaError } from "@bulla/wire";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { checkLength } from "../../suite/algorithms.ts";
import type { Encapsulation } from "../../suite/kem.ts";
import { type MlKem768, mlKem768CiphertextBytes, mlKem768PublicBytes, mlKem768SeedBytes } from "../../suite/parts.ts";

interface PrivateKey {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** Its randomness comes from crypto.getRandomValues and cannot be given. */
export const mlKem768: MlKem768<Uint8Array, PrivateKey> = {
  importPublic(raw: Uint8Array): Uint8Array {
    checkLength("ML-KEM-768 public key", raw, mlKem768PublicBytes);
    if (!hasReducedCoefficients(raw)) throw new BullaError("core/bad-key", "that is not an ML-KEM-768 public key");
    // The library overwrites the public key that it is given.
    return raw.slice();
  },
  importPrivate(seed: Uint8Array): PrivateKey {
    checkLength("ML-KEM-768 private key", seed, mlKem768SeedBytes);
    return ml_kem768.keygen(seed.slice());
  },
  rawPublic: ({ publicKey }) => publicKey.slice(),
  encapsulate(recipient: Uint8Array): Encapsulation {
    const { cipherText, sharedSecret } = ml_kem768.encapsulate(recipient.slice());
    return { enc: cipherText.slice(), sharedSecret: sharedSecret.slice() };
  },
  decapsulate({ secretKey }: PrivateKey, ciphertext: Uint8Array): Uint8Array {
    checkLength("ML-KEM-768 ciphertext", ciphertext, mlKem768CiphertextBytes);
    return ml_kem768.decapsulate(ciphertext.slice(), secretKey.slice()).slice();
  },
};

const q = 3329;
const coefficientBytes = 1152;

// FIPS 203 §7.2, modulus check: two coefficients of 12 bits in three bytes, each below q.
function hasReducedCoefficients(raw: Uint8Array): boolean {
  for (let at = 0; at < coefficientBytes; at += 3) {
    const [low = 0, middle = 0, high = 0] = raw.subarray(at, at + 3);
    if ((low | ((middle & 15) << 8)) >= q || ((middle >> 4) | (high << 4)) >= q) return false;
  }
  return true;
}
