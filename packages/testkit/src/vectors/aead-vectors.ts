import { hexBytes, isHex } from "./vector-bytes.ts";
import type { VectorTally } from "./vector-tally.ts";
import { runWycheproof, type WycheproofCase, type WycheproofFile, type WycheproofGroup } from "./wycheproof.ts";

export interface AeadCase extends WycheproofCase {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

export interface AeadGroup extends WycheproofGroup {
  /** Bits. */
  readonly keySize: number;
  readonly ivSize: number;
  readonly tagSize: number;
  readonly tests: readonly AeadCase[];
}

/** An AEAD with 256-bit keys, 96-bit nonces and the tag at the end. */
export interface AeadUnderTest {
  seal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array>;
  open(
    key: Uint8Array,
    nonce: Uint8Array,
    associatedData: Uint8Array,
    sealed: Uint8Array,
  ): Promise<Uint8Array | undefined>;
}

/** Valid cases seal to exactly the given bytes and open; invalid ones do not open. A nonce of another size is refused both ways. */
export function runAeadVectors(aead: AeadUnderTest, file: WycheproofFile<AeadGroup>): Promise<VectorTally> {
  return runWycheproof(
    file,
    async (test, group) => {
      const [key, nonce] = [hexBytes(test.key), hexBytes(test.iv)];
      const [aad, plaintext] = [hexBytes(test.aad), hexBytes(test.msg)];
      const opened = await aead.open(key, nonce, aad, hexBytes(test.ct + test.tag));
      if (group.ivSize !== 96)
        return opened === undefined && (await refuses(() => aead.seal(key, nonce, aad, plaintext)));
      if (test.result !== "valid") return opened === undefined;
      return isHex(opened, test.msg) && isHex(await aead.seal(key, nonce, aad, plaintext), test.ct + test.tag);
    },
    (_, group) => (group.keySize === 256 ? undefined : "the key is not 256 bits long"),
  );
}

async function refuses(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return false;
  } catch {
    return true;
  }
}
