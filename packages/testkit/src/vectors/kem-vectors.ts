import { hexBytes, isHex } from "./vector-bytes.ts";
import { tallyCases, type VectorCase, type VectorTally } from "./vector-tally.ts";
import { runWycheproof, type WycheproofCase, type WycheproofFile, type WycheproofGroup } from "./wycheproof.ts";

export interface XwingVector {
  readonly sk: string;
  readonly pk: string;
  readonly ct: string;
  readonly ss: string;
  /** Randomness of the encapsulation: 32 bytes for ML-KEM, then the ephemeral X25519 key. */
  readonly eseed: string;
}

/** A KEM whose private keys are seeds. Wrong lengths and refused keys throw. */
export interface KemUnderTest {
  publicKey(seed: Uint8Array): Uint8Array | Promise<Uint8Array>;
  decapsulate(seed: Uint8Array, enc: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** draft-connolly-cfrg-xwing-kem: the public key and the shared secret of each vector. */
export function runXwingVectors(kem: KemUnderTest, vectors: readonly XwingVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.flatMap((vector, index): VectorCase[] => [
      { name: `${index}: public key`, check: async () => isHex(await kem.publicKey(hexBytes(vector.sk)), vector.pk) },
      {
        name: `${index}: decapsulation`,
        check: async () => isHex(await kem.decapsulate(hexBytes(vector.sk), hexBytes(vector.ct)), vector.ss),
      },
    ]),
  );
}

export interface MlKemGroup extends WycheproofGroup {
  readonly type: string;
  readonly tests: readonly (WycheproofCase & {
    readonly seed?: string;
    readonly ek?: string;
    readonly c?: string;
    readonly K?: string;
  })[];
}

/** ML-KEM with 64-byte seeds: the public key and the shared secret of valid cases; invalid ones are refused. */
export function runMlKemVectors(kem: KemUnderTest, file: WycheproofFile<MlKemGroup>): Promise<VectorTally> {
  return runWycheproof(
    file,
    async ({ seed = "", ek, c = "", K = "", result }) => {
      try {
        const publicKeyFits = ek === undefined || isHex(await kem.publicKey(hexBytes(seed)), ek);
        const secret = await kem.decapsulate(hexBytes(seed), hexBytes(c));
        return result === "valid" && publicKeyFits && isHex(secret, K);
      } catch {
        return result === "invalid";
      }
    },
    (_, group) => (group.type === "MLKEMTest" ? undefined : `the group is of type ${group.type}`),
  );
}

export interface X25519Group extends WycheproofGroup {
  readonly tests: readonly (WycheproofCase & {
    readonly public: string;
    readonly private: string;
    readonly shared: string;
  })[];
}

/** X25519 as HPKE needs it: exact also for twisted and non-canonical points, and an all-zero secret is refused (RFC 9180 §7.1.4). */
export function runX25519Vectors(
  sharedSecret: (privateKey: Uint8Array, publicKey: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  file: WycheproofFile<X25519Group>,
): Promise<VectorTally> {
  return runWycheproof(file, async (test) => {
    try {
      return (
        isHex(await sharedSecret(hexBytes(test.private), hexBytes(test.public)), test.shared) &&
        !/^0*$/.test(test.shared)
      );
    } catch {
      return test.result !== "valid" && /^0*$/.test(test.shared);
    }
  });
}
