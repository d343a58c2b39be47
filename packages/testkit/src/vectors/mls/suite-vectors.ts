import type { CiphersuiteImpl } from "ts-mls";
import { tallyCases, type VectorTally } from "../vector-tally.ts";

/** The suite of an IANA cipher suite number, or undefined when the provider under test does not have it. */
export type SuiteOf = (cipherSuite: number) => CiphersuiteImpl | undefined;

export interface SuiteVector {
  readonly cipher_suite: number;
}

export const otherSuite = "the provider has no such cipher suite";

/** Run each vector of a file whose suite the provider has. `check` throws or resolves to false when the outcome is another. */
export function runSuiteVectors<Vector extends SuiteVector>(
  vectors: readonly Vector[],
  suiteOf: SuiteOf,
  check: (vector: Vector, suite: CiphersuiteImpl) => Promise<boolean>,
): Promise<VectorTally> {
  return tallyCases(
    vectors.map((vector, index) => {
      const suite = suiteOf(vector.cipher_suite);
      return {
        name: `${index}`,
        skip: suite === undefined ? otherSuite : undefined,
        check: () => suite !== undefined && check(vector, suite),
      };
    }),
  );
}
