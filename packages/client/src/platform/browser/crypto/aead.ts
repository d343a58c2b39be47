import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type AeadName, checkSealing, mayOpen } from "../../suite/algorithms.ts";
import { webBytes } from "./web-bytes.ts";

/** Ciphertext followed by the tag. AES-GCM is the browser's; ChaCha20-Poly1305, which only vectors and age files use, is not offered there.
 *  @throws BullaError core/bad-key – the key has another length */
export async function sealAead(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  checkSealing(aead, key, nonce);
  if (aead === "chacha20-poly1305") return chacha20poly1305(key, nonce, associatedData).encrypt(plaintext).slice();
  // The bytes are taken before the first wait, so a caller may reuse its buffers at once.
  const [parameters, input] = [gcm(nonce.slice(), associatedData.slice()), webBytes(plaintext.slice())];
  return new Uint8Array(await crypto.subtle.encrypt(parameters, await aesKey(key), input));
}

/** The plaintext, or undefined for every cause of failure: key, nonce, associated data, tag, and each of their lengths. */
export async function openAead(
  aead: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (!mayOpen(aead, key, nonce, sealed)) return undefined;
  if (aead === "chacha20-poly1305") return openChaCha(key, nonce, associatedData, sealed);
  const [parameters, input] = [gcm(nonce.slice(), associatedData.slice()), webBytes(sealed.slice())];
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, await aesKey(key), input));
  } catch (error) {
    if (error instanceof DOMException && error.name === "OperationError") return undefined;
    throw error;
  }
}

// Not cached: in Chromium an import costs no more than finding the key again by its hash would.
function aesKey(raw: Uint8Array): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", webBytes(raw), "AES-GCM", false, ["encrypt", "decrypt"]);
}

function gcm(nonce: Uint8Array, associatedData: Uint8Array): AesGcmParams {
  return { name: "AES-GCM", iv: webBytes(nonce), additionalData: webBytes(associatedData), tagLength: 128 };
}

function openChaCha(
  key: Uint8Array,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  try {
    return chacha20poly1305(key, nonce, associatedData).decrypt(sealed).slice();
  } catch {
    return undefined;
  }
}
