import { defaultKeyRetentionConfig, type GenerationSecret } from "ts-mls";
import { createSecretTree, deriveKey, deriveNonce, ratchetUntil } from "ts-mls/secretTree.js";
import { expandSenderDataKey, expandSenderDataNonce } from "ts-mls/sender.js";
import { leafToNodeIndex, toLeafIndex } from "ts-mls/treemath.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface SecretTreeVector extends SuiteVector {
  readonly encryption_secret: string;
  readonly sender_data: {
    readonly sender_data_secret: string;
    readonly ciphertext: string;
    readonly key: string;
    readonly nonce: string;
  };
  readonly leaves: readonly (readonly {
    readonly generation: number;
    readonly handshake_key: string;
    readonly handshake_nonce: string;
    readonly application_key: string;
    readonly application_nonce: string;
  }[])[];
}

/** mls-implementations, secret-tree: sender data keys, and both ratchets of every leaf at several generations. */
export function runSecretTree(vectors: readonly SecretTreeVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async ({ sender_data: data, encryption_secret, leaves }, suite) => {
    const [secret, ciphertext] = [hexBytes(data.sender_data_secret), hexBytes(data.ciphertext)];
    if (!isHex(await expandSenderDataKey(suite, secret, ciphertext), data.key)) return false;
    if (!isHex(await expandSenderDataNonce(suite, secret, ciphertext), data.nonce)) return false;
    const fits = async (
      ratchet: GenerationSecret,
      generation: number,
      key: string,
      nonce: string,
    ): Promise<boolean> => {
      const [reached] = await ratchetUntil(ratchet, generation, defaultKeyRetentionConfig, suite.kdf);
      return (
        isHex(await deriveKey(reached.secret, generation, suite), key) &&
        isHex(await deriveNonce(reached.secret, generation, suite), nonce)
      );
    };
    const tree = await createSecretTree(leaves.length, hexBytes(encryption_secret), suite.kdf);
    for (const [index, generations] of leaves.entries()) {
      const node = tree[leafToNodeIndex(toLeafIndex(index))];
      if (node === undefined) return false;
      for (const at of generations) {
        if (!(await fits(node.handshake, at.generation, at.handshake_key, at.handshake_nonce))) return false;
        if (!(await fits(node.application, at.generation, at.application_key, at.application_nonce))) return false;
      }
    }
    return true;
  });
}
