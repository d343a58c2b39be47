import { timingSafeEqual } from "node:crypto";
import type { Primitives, Random } from "@bulla/core";
import { BullaError } from "@bulla/wire";
import { aeadKeyBytes, aeadNonceBytes, openAead, sealAead } from "./aead.ts";
import type { Ed25519 } from "./ed25519.ts";
import { digest, hashBytes } from "./hash.ts";
import { hkdfExpand, hkdfExtract, hmac } from "./hkdf.ts";
import { createHpke, type HpkeSuite } from "./hpke.ts";
import { createKemKeyHandles } from "./kem-key-handles.ts";
import { x25519Kem } from "./x25519-kem.ts";
import { xwingKem } from "./xwing-kem.ts";

type MlsSuite = Primitives["mls"];
type MlsHpke = MlsSuite["hpke"];

/** X-Wing is what every group uses; suite 1 is here because the official RFC 9420 vectors cover it. */
export type MlsSuiteName = Extract<
  MlsSuite["name"],
  "MLS_256_XWING_AES256GCM_SHA512_Ed25519" | "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
>;

const suites: Readonly<Record<MlsSuiteName, HpkeSuite>> = {
  MLS_256_XWING_AES256GCM_SHA512_Ed25519: { kem: xwingKem, kdf: "sha512", aead: "aes-256-gcm" },
  MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519: { kem: x25519Kem, kdf: "sha256", aead: "aes-128-gcm" },
};

const none = new Uint8Array(0);

/** The primitives of one cipher suite in the shape that ts-mls takes. Signature keys are 32-byte seeds, HPKE private keys 32-byte seeds.
 *  Opening throws BullaError core/open-failed for every cause, because ts-mls knows failure only as an exception. */
export function createSuite(name: MlsSuiteName, random: Random, ed25519: Ed25519): MlsSuite {
  const suite = suites[name];
  const hash = suite.kdf;
  return {
    name,
    hash: {
      digest: async (data) => digest(hash, data),
      mac: async (key, data) => hmac(hash, key, data),
      verifyMac: async (key, mac, data) => sameBytes(hmac(hash, key, data), mac),
    },
    kdf: {
      size: hashBytes[hash],
      extract: async (salt, inputKeyingMaterial) => hkdfExtract(hash, salt, inputKeyingMaterial),
      expand: async (pseudorandomKey, info, length) => hkdfExpand(hash, pseudorandomKey, info, length),
    },
    signature: {
      sign: async (seed, message) => ed25519.sign(seed, message),
      verify: async (publicKey, message, signature) => ed25519.verify(publicKey, message, signature),
      async keygen() {
        const signKey = random(32);
        return { signKey, publicKey: ed25519.publicKey(signKey) };
      },
    },
    rng: { randomBytes: random },
    hpke: suiteHpke(suite, random),
  };
}

function suiteHpke(suite: HpkeSuite, random: Random): MlsHpke {
  const { kem, aead } = suite;
  const hpke = createHpke(suite, random);
  const handles = createKemKeyHandles(kem);
  // Bytes that come in or go out are copied, so a caller that wipes or reuses its array does not change a key.
  const keyPair: (seed: Uint8Array) => Awaited<ReturnType<MlsHpke["generateKeyPair"]>> = (seed) => {
    const privateKey = kem.importPrivateKey(seed);
    return {
      privateKey: handles.ofPrivate(privateKey),
      publicKey: handles.ofPublic(kem.importPublicKey(privateKey.publicKey)),
    };
  };
  return {
    keyLength: aeadKeyBytes[aead],
    nonceLength: aeadNonceBytes,
    async seal(publicKey, plaintext, info, associatedData = none) {
      const box = hpke.seal(handles.publicKey(publicKey), info, associatedData, plaintext);
      return { enc: box.enc, ct: box.ciphertext };
    },
    open: async (privateKey, enc, ciphertext, info, associatedData = none) =>
      opened(hpke.open(handles.privateKey(privateKey), info, associatedData, { enc, ciphertext })),
    exportSecret: async (publicKey, context, length, info) =>
      hpke.exportSecret(handles.publicKey(publicKey), info, context, length),
    importSecret: async (privateKey, context, enc, length, info) =>
      opened(hpke.importSecret(handles.privateKey(privateKey), info, context, enc, length)),
    importPublicKey: async (raw) => handles.ofPublic(kem.importPublicKey(raw.slice())),
    importPrivateKey: async (seed) => handles.ofPrivate(kem.importPrivateKey(seed.slice())),
    exportPublicKey: async (key) => handles.publicKey(key).raw.slice(),
    exportPrivateKey: async (key) => handles.privateKey(key).seed.slice(),
    encryptAead: async (key, nonce, associatedData, plaintext) =>
      sealAead(aead, key, nonce, associatedData ?? none, plaintext),
    decryptAead: async (key, nonce, associatedData, ciphertext) =>
      opened(openAead(aead, key, nonce, associatedData ?? none, ciphertext)),
    deriveKeyPair: async (inputKeyingMaterial) => keyPair(kem.deriveSeed(inputKeyingMaterial)),
    generateKeyPair: async () => keyPair(random(kem.seedBytes)),
  };
}

function opened(plaintext: Uint8Array | undefined): Uint8Array {
  if (plaintext === undefined) throw new BullaError("core/open-failed", "that does not open with this key");
  return plaintext;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
