import { concatBytes } from "@bulla/wire";
import { checkLength } from "./algorithms.ts";
import type { Encapsulation, Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";
import {
  type MlKem768,
  mlKem768CiphertextBytes,
  mlKem768PublicBytes,
  mlKem768SeedBytes,
  type SymmetricParts,
  type X25519,
  x25519KeyBytes,
} from "./parts.ts";

const publicBytes = mlKem768PublicBytes + x25519KeyBytes;
const encBytes = mlKem768CiphertextBytes + x25519KeyBytes;
const seedBytes = 32;
/** `\\.//^\\`, draft-connolly-cfrg-xwing-kem §5.3. */
const label = Uint8Array.of(0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c);

/** X-Wing: ML-KEM-768 and X25519 under one SHA3-256 combiner, draft-connolly-cfrg-xwing-kem §5.
 *  The shared secret holds while either of the two holds. */
export function createXwingKem<XPublic, XPrivate, MPublic, MPrivate>(
  x25519: X25519<XPublic, XPrivate>,
  mlKem768: MlKem768<MPublic, MPrivate>,
  { digest, shake256 }: Pick<SymmetricParts, "digest" | "shake256">,
): Kem {
  return {
    id: 0x647a,
    name: "X-Wing",
    seedBytes,
    importPublicKey(raw: Uint8Array): KemPublicKey {
      checkLength("X-Wing public key", raw, publicBytes);
      const inner = mlKem768.importPublic(raw.subarray(0, mlKem768PublicBytes));
      const rawX25519 = raw.subarray(mlKem768PublicBytes);
      const outer = x25519.importPublic(rawX25519);
      return {
        raw,
        encapsulate(ephemeral: Uint8Array): Encapsulation {
          const sender = x25519.importPrivate(ephemeral);
          const { enc, sharedSecret } = mlKem768.encapsulate(inner);
          const encX25519 = x25519.rawPublic(sender);
          const shared = x25519.sharedSecret(sender, outer);
          return {
            enc: concatBytes(enc, encX25519),
            sharedSecret: combine(sharedSecret, shared, encX25519, rawX25519),
          };
        },
      };
    },
    importPrivateKey(seed: Uint8Array): KemPrivateKey {
      checkLength("X-Wing seed", seed, seedBytes);
      // §5.2, expandDecapsulationKey
      const expanded = shake256(seed, 96);
      const inner = mlKem768.importPrivate(expanded.subarray(0, mlKem768SeedBytes));
      const outer = x25519.importPrivate(expanded.subarray(mlKem768SeedBytes));
      expanded.fill(0);
      const rawX25519 = x25519.rawPublic(outer);
      return {
        seed,
        publicKey: concatBytes(mlKem768.rawPublic(inner), rawX25519),
        decapsulate(enc: Uint8Array): Uint8Array {
          checkLength("encapsulated key", enc, encBytes);
          const encX25519 = enc.subarray(mlKem768CiphertextBytes);
          const shared = x25519.sharedSecret(outer, x25519.importPublic(encX25519));
          const secret = mlKem768.decapsulate(inner, enc.subarray(0, mlKem768CiphertextBytes));
          return combine(secret, shared, encX25519, rawX25519);
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
}
