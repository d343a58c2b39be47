import { concatBytes, uintBytes, utf8 } from "@bulla/wire";
import { checkLength } from "./algorithms.ts";
import type { Encapsulation, Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";
import { type SymmetricParts, type X25519, x25519KeyBytes } from "./parts.ts";

const id = 0x0020;
const secretBytes = 32;
const none = new Uint8Array(0);
const version = utf8("HPKE-v1");
const suiteId = concatBytes(utf8("KEM"), uintBytes(id, 2));

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 §4.1. */
export function createX25519Kem<Public, Private>(
  x25519: X25519<Public, Private>,
  { hkdfExtract, hkdfExpand }: Pick<SymmetricParts, "hkdfExtract" | "hkdfExpand">,
): Kem {
  return {
    id,
    name: "X25519",
    seedBytes: 32,
    importPublicKey(raw: Uint8Array): KemPublicKey {
      const recipient = x25519.importPublic(raw);
      return {
        raw,
        encapsulate(ephemeral: Uint8Array): Encapsulation {
          const sender = x25519.importPrivate(ephemeral);
          const enc = x25519.rawPublic(sender);
          return { enc, sharedSecret: extractAndExpand(x25519.sharedSecret(sender, recipient), enc, raw) };
        },
      };
    },
    importPrivateKey(seed: Uint8Array): KemPrivateKey {
      const recipient = x25519.importPrivate(seed);
      const publicKey = x25519.rawPublic(recipient);
      return {
        seed,
        publicKey,
        decapsulate(enc: Uint8Array): Uint8Array {
          checkLength("encapsulated key", enc, x25519KeyBytes);
          return extractAndExpand(x25519.sharedSecret(recipient, x25519.importPublic(enc)), enc, publicKey);
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
}
