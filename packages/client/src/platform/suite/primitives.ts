import type { Primitives, Random } from "@bulla/core";
import { isBullaError } from "@bulla/wire";
import { createHpke } from "./hpke.ts";
import type { Kem, KemPrivateKey } from "./kem.ts";
import { createSuite, type SuiteParts } from "./mls-suite.ts";

/** The primitives of core from what a platform brings. `random` serves every key, nonce and ephemeral of ours; the randomness inside ML-KEM
 *  is the platform's own. Results are plain Uint8Arrays that own their buffers. */
export function assemblePrimitives(parts: SuiteParts, argon2id: Primitives["argon2id"], random: Random): Primitives {
  const { symmetric, ed25519, xwingKem } = parts;
  const hpke = createHpke({ kem: xwingKem, kdf: "sha512", aead: "aes-256-gcm" }, symmetric, random);
  return {
    random,
    sha256: (...input) => symmetric.digest("sha256", ...input),
    sha512: (...input) => symmetric.digest("sha512", ...input),
    hkdfSha256: (secret, salt, info, length) =>
      symmetric.hkdfExpand("sha256", symmetric.hkdfExtract("sha256", salt, secret), info, length),
    hkdfExpandSha512: (pseudorandomKey, info, length) => symmetric.hkdfExpand("sha512", pseudorandomKey, info, length),
    sealAes256Gcm: async (key, nonce, associatedData, plaintext) =>
      symmetric.sealAead("aes-256-gcm", key, nonce, associatedData, plaintext),
    openAes256Gcm: async (key, nonce, associatedData, sealed) =>
      symmetric.openAead("aes-256-gcm", key, nonce, associatedData, sealed),
    ed25519PublicKey: (seed) => ed25519.publicKey(seed),
    signEd25519: async (seed, message) => ed25519.sign(seed, message),
    verifyEd25519: async (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
    xwingPublicKey: async (seed) => xwingKem.importPrivateKey(seed).publicKey,
    sealHpke: async (publicKey, info, associatedData, plaintext) =>
      hpke.seal(xwingKem.importPublicKey(publicKey), info, associatedData, plaintext),
    openHpke: async (seed, info, associatedData, box) => {
      const recipient = privateKeyOf(xwingKem, seed);
      return recipient === undefined ? undefined : hpke.open(recipient, info, associatedData, box);
    },
    argon2id,
    mls: createSuite("MLS_256_XWING_AES256GCM_SHA512_Ed25519", parts, random),
  };
}

function privateKeyOf(kem: Kem, seed: Uint8Array): KemPrivateKey | undefined {
  try {
    return kem.importPrivateKey(seed);
  } catch (error) {
    if (isBullaError(error, "core/bad-key")) return undefined;
    throw error;
  }
}
