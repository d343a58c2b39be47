import { type CipherGCM, createCipheriv, createDecipheriv, type DecipherGCM } from "node:crypto";
import { BullaError, InternalError } from "@bulla/wire";
import { plainBytes } from "./plain-bytes.ts";

/** AEADs with 12-byte nonces and 16-byte tags, by node:crypto's names. We seal with AES-256-GCM only;
 *  the other two are what the official HPKE and MLS vectors were made with. */
export type AeadName = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

export const aeadKeyBytes: Readonly<Record<AeadName, number>> = {
  "aes-128-gcm": 16,
  "aes-256-gcm": 32,
  "chacha20-poly1305": 32,
};
export const aeadNonceBytes = 12;
const authTagLength = 16;

/** Ciphertext followed by the tag.
 *  @throws BullaError core/bad-key – the key has another length */
export function sealAead(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array {
  if (key.length !== aeadKeyBytes[aead]) {
    throw new BullaError("core/bad-key", `key is ${key.length} bytes, ${aead} takes ${aeadKeyBytes[aead]}`);
  }
  if (nonce.length !== aeadNonceBytes)
    throw new InternalError(`nonce is ${nonce.length} bytes, expected ${aeadNonceBytes}`);
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
  const length = sealed.length - authTagLength;
  if (length < 0 || key.length !== aeadKeyBytes[aead] || nonce.length !== aeadNonceBytes) return undefined;
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
