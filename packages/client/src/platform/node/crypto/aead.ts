import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import { type AeadName, aeadTagBytes as authTagLength, checkSealing, mayOpen } from "../../suite/algorithms.ts";
import { plainBytes } from "./plain-bytes.ts";

/** Ciphertext followed by the tag.
 *  @throws BullaError core/bad-key – the key has another length */
export function sealAead(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  checkSealing(aead, key, nonce);
  const cipher = createCipher(aead, key, nonce);
  cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
  const sealed = new Uint8Array(plaintext.length + authTagLength);
  sealed.set(cipher.update(plaintext));
  cipher.final();
  sealed.set(cipher.getAuthTag(), plaintext.length);
  return sealed;
}

/** The plaintext, or undefined for every cause of failure: key, nonce, associated data, tag, and each of their lengths. */
export function openAead(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (!mayOpen(aead, key, nonce, sealed)) return undefined;
  const length = sealed.length - authTagLength;
  const decipher = createDecipher(aead, key, nonce);
  decipher.setAAD(associatedData, { plaintextLength: length });
  decipher.setAuthTag(sealed.subarray(length));
  const plaintext = decipher.update(sealed.subarray(0, length));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    return undefined;
  }
  return plainBytes(plaintext);
}

type SealCipher = Pick<CipherGCM, "setAAD" | "update" | "final" | "getAuthTag">;
type OpenCipher = Pick<DecipherGCM, "setAAD" | "setAuthTag" | "update" | "final">;

function createCipher(aead: AeadName, key: Uint8Array, nonce: Uint8Array): SealCipher {
  if (aead === "chacha20-poly1305") return createCipheriv(aead, key, nonce, { authTagLength });
  return createCipheriv(aead, key, nonce, { authTagLength });
}

function createDecipher(aead: AeadName, key: Uint8Array, nonce: Uint8Array): OpenCipher {
  if (aead === "chacha20-poly1305") return createDecipheriv(aead, key, nonce, { authTagLength });
  return createDecipheriv(aead, key, nonce, { authTagLength });
}
