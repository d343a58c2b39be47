import { concatBytes, uintBytes, utf8 } from "@bulla/wire";
import { hkdfExpand, hkdfExtract } from "./hkdf.ts";
import type { Encapsulation, Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";
import { checkLength, exportPublicKey, importPrivateKey, importPublicKey, x25519Keys } from "./raw-keys.ts";
import { x25519SharedSecret } from "./x25519.ts";

const id = 0x0020;
const secretBytes = 32;
const none = new Uint8Array(0);
const version = utf8("HPKE-v1");
const suiteId = concatBytes(utf8("KEM"), uintBytes(id, 2));

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 §4.1. */
export const x25519Kem: Kem = {
  id,
  name: "X25519",
  seedBytes: 32,
  importPublicKey(raw: Uint8Array): KemPublicKey {
    const recipient = importPublicKey(x25519Keys, raw);
    return {
      raw,
      encapsulate(ephemeral: Uint8Array): Encapsulation {
        const sender = importPrivateKey(x25519Keys, ephemeral);
        const enc = exportPublicKey(x25519Keys, sender);
        return { enc, sharedSecret: extractAndExpand(x25519SharedSecret(sender, recipient), enc, raw) };
      },
    };
  },
  importPrivateKey(seed: Uint8Array): KemPrivateKey {
    const recipient = importPrivateKey(x25519Keys, seed);
    const publicKey = exportPublicKey(x25519Keys, recipient);
    return {
      seed,
      publicKey,
      decapsulate(enc: Uint8Array): Uint8Array {
        checkLength("encapsulated key", enc, x25519Keys.publicBytes);
        return extractAndExpand(x25519SharedSecret(recipient, importPublicKey(x25519Keys, enc)), enc, publicKey);
      },
    };
  },
  // RFC 9180 §7.1.3
  deriveSeed(inputKeyingMaterial: Uint8Array): Uint8Array {
    return labeledExpand(labeledExtract("dkp_prk", inputKeyingMaterial), "sk", none);
  },
};

function extractAndExpand(dh: Uint8Array, enc: Uint8Array, recipient: Uint8Array): Uint8Array {
  return labeledExpand(labeledExtract("eae_prk", dh), "shared_secret", concatBytes(enc, recipient));
}

function labeledExtract(label: string, inputKeyingMaterial: Uint8Array): Uint8Array {
  return hkdfExtract("sha256", none, version, suiteId, utf8(label), inputKeyingMaterial);
}

function labeledExpand(pseudorandomKey: Uint8Array, label: string, info: Uint8Array): Uint8Array {
  const labeled = concatBytes(uintBytes(secretBytes, 2), version, suiteId, utf8(label), info);
  return hkdfExpand("sha256", pseudorandomKey, labeled, secretBytes);
}
