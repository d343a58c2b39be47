import { BullaError, InternalError } from "@bulla/wire";

/** The two hashes that suites are built on. */
export type HashName = "sha256" | "sha512";

export const hashBytes: Readonly<Record<HashName, number>> = { sha256: 32, sha512: 64 };

/** AEADs with 12-byte nonces and 16-byte tags. We seal with AES-256-GCM only;
 *  the other two are what the official HPKE and MLS vectors were made with. */
export type AeadName = "aes-128-gcm" | "aes-256-gcm" | "chacha20-poly1305";

export const aeadKeyBytes: Readonly<Record<AeadName, number>> = {
  "aes-128-gcm": 16,
  "aes-256-gcm": 32,
  "chacha20-poly1305": 32,
};
export const aeadNonceBytes = 12;
export const aeadTagBytes = 16;

/** @throws BullaError core/bad-key – the key has another length */
export function checkSealing(aead: AeadName, key: Uint8Array, nonce: Uint8Array): void {
  checkLength(`${aead} key`, key, aeadKeyBytes[aead]);
  if (nonce.length !== aeadNonceBytes)
    throw new InternalError(`nonce is ${nonce.length} bytes, expected ${aeadNonceBytes}`);
}

/** Whether there is anything to try: key, nonce and ciphertext have lengths that can open. */
export function mayOpen(aead: AeadName, key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): boolean {
  return sealed.length >= aeadTagBytes && key.length === aeadKeyBytes[aead] && nonce.length === aeadNonceBytes;
}

/** @throws InternalError when more than 255 blocks are asked for, RFC 5869 §2.3 */
export function checkHkdfLength(hash: HashName, length: number): void {
  const limit = 255 * hashBytes[hash];
  if (!Number.isInteger(length) || length < 0 || length > limit)
    throw new InternalError(`HKDF output is ${length} bytes, limit is ${limit}`);
}

/** @throws BullaError core/bad-key – the message names what it is and both lengths */
export function checkLength(what: string, raw: Uint8Array, expected: number): void {
  if (raw.length !== expected)
    throw new BullaError("core/bad-key", `${what} is ${raw.length} bytes, expected ${expected}`);
}
