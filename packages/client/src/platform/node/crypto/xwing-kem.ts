import { concatBytes } from "@bulla/wire";
import { digest, shake256 } from "./hash.ts";
import type { Encapsulation, Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";
import { mlKem768CiphertextBytes, mlKem768Decapsulate, mlKem768Encapsulate } from "./ml-kem.ts";
import {
  checkLength,
  exportPublicKey,
  importPrivateKey,
  importPublicKey,
  mlKem768Keys,
  x25519Keys,
} from "./raw-keys.ts";
import { x25519SharedSecret } from "./x25519.ts";

const publicBytes = mlKem768Keys.publicBytes + x25519Keys.publicBytes;
const encBytes = mlKem768CiphertextBytes + x25519Keys.publicBytes;
const seedBytes = 32;
/** `\.//^\`, draft-connolly-cfrg-xwing-kem §5.3. */
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** X-Wing: ML-KEM-768 and X25519 under one SHA3-256 combiner, draft-connolly-cfrg-xwing-kem §5.
 *  The shared secret holds while either of the two holds. */
export const xwingKem: Kem = {
  id: 0x647a,
  name: "X-Wing",
  seedBytes,
  importPublicKey(raw: Uint8Array): KemPublicKey {
    checkLength("X-Wing public key", raw, publicBytes);
    const mlKem = importPublicKey(mlKem768Keys, raw.subarray(0, mlKem768Keys.publicBytes));
    const rawX25519 = raw.subarray(mlKem768Keys.publicBytes);
    const x25519 = importPublicKey(x25519Keys, rawX25519);
    return {
      raw,
      encapsulate(ephemeral: Uint8Array): Encapsulation {
        const sender = importPrivateKey(x25519Keys, ephemeral);
        const inner = mlKem768Encapsulate(mlKem);
        const encX25519 = exportPublicKey(x25519Keys, sender);
        const shared = x25519SharedSecret(sender, x25519);
        return {
          enc: concatBytes(inner.enc, encX25519),
          sharedSecret: combine(inner.sharedSecret, shared, encX25519, rawX25519),
        };
      },
    };
  },
  importPrivateKey(seed: Uint8Array): KemPrivateKey {
    checkLength("X-Wing seed", seed, seedBytes);
    // §5.2, expandDecapsulationKey
    const expanded = shake256(seed, 96);
    const mlKem = importPrivateKey(mlKem768Keys, expanded.subarray(0, 64));
    const x25519 = importPrivateKey(x25519Keys, expanded.subarray(64));
    expanded.fill(0);
    const rawX25519 = exportPublicKey(x25519Keys, x25519);
    return {
      seed,
      publicKey: concatBytes(exportPublicKey(mlKem768Keys, mlKem), rawX25519),
      decapsulate(enc: Uint8Array): Uint8Array {
        checkLength("encapsulated key", enc, encBytes);
        const encX25519 = enc.subarray(mlKem768CiphertextBytes);
        const shared = x25519SharedSecret(x25519, importPublicKey(x25519Keys, encX25519));
        return combine(
          mlKem768Decapsulate(mlKem, enc.subarray(0, mlKem768CiphertextBytes)),
          shared,
          encX25519,
          rawX25519,
        );
      },
    };
  },
  // As @hpke/hybridkem-x-wing does it. MLS derives path keys this way, so both providers must agree.
  deriveSeed(inputKeyingMaterial: Uint8Array): Uint8Array {
    return shake256(inputKeyingMaterial, seedBytes);
  },
};

function combine(
  mlKemSecret: Uint8Array,
  x25519Secret: Uint8Array,
  encX25519: Uint8Array,
  rawX25519: Uint8Array,
): Uint8Array {
  return digest("sha3-256", mlKemSecret, x25519Secret, encX25519, rawX25519, label);
}
