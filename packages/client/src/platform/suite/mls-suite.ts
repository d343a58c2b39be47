import type { Primitives, Random } from "@bulla/core";
import { BullaError, equalBytes } from "@bulla/wire";
import { type AeadName, aeadKeyBytes, aeadNonceBytes, type HashName, hashBytes } from "./algorithms.ts";
import { createHpke } from "./hpke.ts";
import type { Kem } from "./kem.ts";
import { createKemKeyHandles } from "./kem-key-handles.ts";
import type { Ed25519, SymmetricParts } from "./parts.ts";

/** What a platform brings for its suites. */
export interface SuiteParts {
  readonly symmetric: SymmetricParts;
  readonly ed25519: Ed25519;
  readonly xwingKem: Kem;
  readonly x25519Kem: Kem;
}

type MlsSuite = Primitives["mls"];
type MlsHpke = MlsSuite["hpke"];

/** X-Wing is what every group uses; suite 1 is here because the official RFC 9420 vectors cover it. */
export type MlsSuiteName = Extract<
  MlsSuite["name"],
  "MLS_256_XWING_AES256GCM_SHA512_Ed25519" | "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
>;

interface SuiteAlgorithms {
  readonly kem: "xwingKem" | "x25519Kem";
  readonly kdf: HashName;
  readonly aead: AeadName;
}

const suites: Readonly<Record<MlsSuiteName, SuiteAlgorithms>> = {
  MLS_256_XWING_AES256GCM_SHA512_Ed25519: { kem: "xwingKem", kdf: "sha512", aead: "aes-256-gcm" },
  MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519: { kem: "x25519Kem", kdf: "sha256", aead: "aes-128-gcm" },
};

const none = new Uint8Array(0);

/** The primitives of one cipher suite in the shape that ts-mls takes. Signature keys are 32-byte seeds, HPKE private keys 32-byte seeds.
 *  Opening throws BullaError core/open-failed for every cause, because ts-mls knows failure only as an exception. */
export function createSuite(name: MlsSuiteName, parts: SuiteParts, random: Random): MlsSuite {
  const { kdf: hash } = suites[name];
  const { symmetric, ed25519 } = parts;
  return {
    name,
    hash: {
      digest: async (data) => symmetric.digest(hash, data),
      mac: async (key, data) => symmetric.hmac(hash, key, data),
      verifyMac: async (key, mac, data) => equalBytes(symmetric.hmac(hash, key, data), mac),
    },
    kdf: {
      size: hashBytes[hash],
      extract: async (salt, inputKeyingMaterial) => symmetric.hkdfExtract(hash, salt, inputKeyingMaterial),
      expand: async (pseudorandomKey, info, length) => symmetric.hkdfExpand(hash, pseudorandomKey, info, length),
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
    hpke: suiteHpke(name, parts, random),
  };
}

function suiteHpke(name: MlsSuiteName, parts: SuiteParts, random: Random): MlsHpke {
  const { kdf, aead } = suites[name];
  const kem = parts[suites[name].kem];
  const hpke = createHpke({ kem, kdf, aead }, parts.symmetric, random);
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
      const box = await hpke.seal(handles.publicKey(publicKey), info, associatedData, plaintext);
      return { enc: box.enc, ct: box.ciphertext };
    },
    open: async (privateKey, enc, ciphertext, info, associatedData = none) =>
      opened(await hpke.open(handles.privateKey(privateKey), info, associatedData, { enc, ciphertext })),
    exportSecret: async (publicKey, context, length, info) =>
      hpke.exportSecret(handles.publicKey(publicKey), info, context, length),
    importSecret: async (privateKey, context, enc, length, info) =>
      opened(hpke.importSecret(handles.privateKey(privateKey), info, context, enc, length)),
    importPublicKey: async (raw) => handles.ofPublic(kem.importPublicKey(raw.slice())),
    importPrivateKey: async (seed) => handles.ofPrivate(kem.importPrivateKey(seed.slice())),
    exportPublicKey: async (key) => handles.publicKey(key).raw.slice(),
    exportPrivateKey: async (key) => handles.privateKey(key).seed.slice(),
    encryptAead: async (key, nonce, associatedData, plaintext) =>
      parts.symmetric.sealAead(aead, key, nonce, associatedData ?? none, plaintext),
    decryptAead: async (key, nonce, associatedData, ciphertext) =>
      opened(await parts.symmetric.openAead(aead, key, nonce, associatedData ?? none, ciphertext)),
    deriveKeyPair: async (inputKeyingMaterial) => keyPair(kem.deriveSeed(inputKeyingMaterial)),
    generateKeyPair: async () => keyPair(random(kem.seedBytes)),
  };
}

function opened(plaintext: Uint8Array | undefined): Uint8Array {
  if (plaintext === undefined) throw new BullaError("core/open-failed", "that does not open with this key");
  return plaintext;
}
