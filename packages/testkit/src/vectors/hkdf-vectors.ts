import { hexBytes, isHex } from "./vector-bytes.ts";
import type { VectorTally } from "./vector-tally.ts";
import { runWycheproof, type WycheproofCase, type WycheproofFile, type WycheproofGroup } from "./wycheproof.ts";

export interface HkdfGroup extends WycheproofGroup {
  readonly tests: readonly (WycheproofCase & {
    readonly ikm: string;
    readonly salt: string;
    readonly info: string;
    readonly size: number;
    readonly okm: string;
  })[];
}

/** RFC 5869, extract and expand. */
export type HkdfUnderTest = (
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
) => Uint8Array | Promise<Uint8Array>;

/** Valid cases give exactly the given bytes; an output that is too long is refused. */
export function runHkdfVectors(hkdf: HkdfUnderTest, file: WycheproofFile<HkdfGroup>): Promise<VectorTally> {
  return runWycheproof(file, async (test) => {
    let output: Uint8Array | undefined;
    try {
      output = await hkdf(hexBytes(test.ikm), hexBytes(test.salt), hexBytes(test.info), test.size);
    } catch {
      return test.result === "invalid";
    }
    return test.result === "valid" && isHex(output, test.okm);
  });
}
