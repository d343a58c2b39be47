import { decapsulate, encapsulate, type KeyObject } from "node:crypto";
import { BullaError } from "@bulla/wire";
import { checkLength } from "../../suite/algorithms.ts";
import type { Encapsulation } from "../../suite/kem.ts";
import { type MlKem768, mlKem768CiphertextBytes } from "../../suite/parts.ts";
import { plainBytes } from "./plain-bytes.ts";
import { exportPublicKey, importPrivateKey, importPublicKey, mlKem768Keys } from "./raw-keys.ts";

/** Its randomness comes from OpenSSL and cannot be given. */
export const mlKem768: MlKem768<KeyObject, KeyObject> = {
  importPublic: (raw) => importPublicKey(mlKem768Keys, raw),
  importPrivate: (seed) => importPrivateKey(mlKem768Keys, seed),
  rawPublic: (key) => exportPublicKey(mlKem768Keys, key),
  encapsulate(recipient: KeyObject): Encapsulation {
    const { ciphertext, sharedKey } = encapsulate(recipient);
    return { enc: plainBytes(ciphertext), sharedSecret: plainBytes(sharedKey) };
  },
  decapsulate(recipient: KeyObject, ciphertext: Uint8Array): Uint8Array {
    checkLength("ML-KEM-768 ciphertext", ciphertext, mlKem768CiphertextBytes);
    try {
      return plainBytes(decapsulate(recipient, ciphertext));
    } catch (cause) {
      throw new BullaError("core/bad-key", "that is not an ML-KEM-768 ciphertext", { cause });
    }
  },
};
