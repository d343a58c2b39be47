import { randomBytes } from "node:crypto";
import type { Primitives, Random } from "@bulla/core";
import { isBullaError } from "@bulla/wire";
import { openAead, sealAead } from "./aead.ts";
import { argon2id } from "./argon2id.ts";
import { createEd25519 } from "./ed25519.ts";
import { digest } from "./hash.ts";
import { hkdfExpand, hkdfExtract } from "./hkdf.ts";
import { createHpke } from "./hpke.ts";
import type { KemPrivateKey } from "./kem.ts";
import { createSuite, type MlsSuiteName } from "./mls-suite.ts";
import { plainBytes } from "./plain-bytes.ts";
import { xwingKem } from "./xwing-kem.ts";

/** The primitives on node:crypto. `random` serves every key, nonce and ephemeral of ours; the randomness inside ML-KEM is OpenSSL's own.
 *  Results are plain Uint8Arrays that own their buffers. Imported Ed25519 seeds stay cached for at most a minute after the last use. */
export function createNodePrimitives(random: Random = systemRandom): Primitives {
  const ed25519 = createEd25519();
  const hpke = createHpke({ kem: xwingKem, kdf: "sha512", aead: "aes-256-gcm" }, random);
  return {
    random,
    sha256: (...parts) => digest("sha256", ...parts),
    sha512: (...parts) => digest("sha512", ...parts),
    hkdfSha256: (secret, salt, info, length) => hkdfExpand("sha256", hkdfExtract("sha256", salt, secret), info, length),
    hkdfExpandSha512: (pseudorandomKey, info, length) => hkdfExpand("sha512", pseudorandomKey, info, length),
    sealAes256Gcm: async (key, nonce, associatedData, plaintext) =>
      sealAead("aes-256-gcm", key, nonce, associatedData, plaintext),
    openAes256Gcm: async (key, nonce, associatedData, sealed) =>
      openAead("aes-256-gcm", key, nonce, associatedData, sealed),
    ed25519PublicKey: (seed) => ed25519.publicKey(seed),
    signEd25519: async (seed, message) => ed25519.sign(seed, message),
    verifyEd25519: async (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
    xwingPublicKey: async (seed) => xwingKem.importPrivateKey(seed).publicKey,
    sealHpke: async (publicKey, info, associatedData, plaintext) =>
      hpke.seal(xwingKem.importPublicKey(publicKey), info, associatedData, plaintext),
    openHpke: async (seed, info, associatedData, box) => {
      const recipient = xwingPrivateKey(seed);
      return recipient === undefined ? undefined : hpke.open(recipient, info, associatedData, box);
    },
    argon2id,
    mls: createSuite("MLS_256_XWING_AES256GCM_SHA512_Ed25519", random, ed25519),
  };
}

/** One suite for ts-mls without the other primitives, for vectors and benchmarks. */
export function createMlsSuite(name: MlsSuiteName, random: Random = systemRandom): Primitives["mls"] {
  return createSuite(name, random, createEd25519());
}

export function systemRandom(length: number): Uint8Array {
  return plainBytes(randomBytes(length));
}

function xwingPrivateKey(seed: Uint8Array): KemPrivateKey | undefined {
  try {
    return xwingKem.importPrivateKey(seed);
  } catch (error) {
    if (isBullaError(error, "core/bad-key")) return undefined;
    throw error;
  }
}
