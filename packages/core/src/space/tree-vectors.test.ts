import { createMlsSuite } from "@bulla/client/crypto";
import { hexBytes, isHex, tallyCases, type VectorTally, vectorTest } from "@bulla/testkit";
import type { MLSMessage, RatchetTree } from "ts-mls";
import { ratchetTreeFromExtension } from "ts-mls/groupInfo.js";
import { decodeRatchetTree } from "ts-mls/ratchetTree.js";
import { test } from "vitest";
import { enterEpoch, openWelcome } from "./join-by-welcome.ts";
import { decodeExactly } from "./mls-message.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { verifyRatchetTree } from "./tree-check.ts";
import { verifyGroup } from "./verify-group.ts";

const suite = createMlsSuite("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519");
const otherSuite = "they are of another suite";

function decodeTree(hex: string): RatchetTree {
  const bytes = hexBytes(hex);
  const [tree, length] = present(decodeRatchetTree(bytes, 0), "a tree");
  if (length !== bytes.length) throw new Error("the vector has bytes left over");
  return tree;
}

interface TreeVector {
  readonly cipher_suite: number;
  readonly tree: string;
  readonly group_id: string;
  readonly tree_hashes: readonly string[];
}

/** Each tree is accepted, and refused under another tree hash or for another group. */
function runTrees(vectors: readonly TreeVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.map((vector, index) => ({
      name: `${index}`,
      skip: vector.cipher_suite === 1 ? undefined : otherSuite,
      check: async () => {
        const tree = decodeTree(vector.tree);
        const treeHash = hexBytes(present(vector.tree_hashes[(tree.length - 1) / 2]));
        const groupId = hexBytes(vector.group_id);
        await verifyRatchetTree(suite, tree, { groupId, treeHash });
        const otherHash = { groupId, treeHash: flipped(treeHash, 0) };
        const bound = tree.some((node) => node?.nodeType === "leaf" && node.leaf.leafNodeSource !== "key_package");
        const otherGroup = { groupId: flipped(groupId, 0), treeHash };
        return (
          (await answer(() => verifyRatchetTree(suite, tree, otherHash))) === "space/refused-opening" &&
          (await answer(() => verifyRatchetTree(suite, tree, otherGroup))) ===
            (bound ? "space/refused-opening" : "accepted")
        );
      },
    })),
  );
}

vectorTest(test, {
  name: "the official trees are sound, and no other tree hash is taken for theirs",
  file: "mls/tree-validation.json",
  run: runTrees,
  skipped: { [otherSuite]: 84 },
});

interface ClientVector {
  readonly cipher_suite: number;
  readonly key_package: string;
  readonly signature_priv: string;
  readonly encryption_priv: string;
  readonly init_priv: string;
  readonly welcome: string;
  readonly ratchet_tree: string | null;
  readonly initial_epoch_authenticator: string;
  readonly external_psks: readonly unknown[];
}

function message<Format extends MLSMessage["wireformat"]>(
  format: Format,
  hex: string,
): Extract<MLSMessage, { wireformat: Format }> {
  const decoded = decodeExactly(hexBytes(hex));
  if (!isFormat(decoded, format)) throw new Error(`the vector is ${decoded.wireformat}, expected ${format}`);
  return decoded;
}

function isFormat<Format extends MLSMessage["wireformat"]>(
  decoded: MLSMessage,
  format: Format,
): decoded is Extract<MLSMessage, { wireformat: Format }> {
  return decoded.wireformat === format;
}

async function join(vector: ClientVector): Promise<Uint8Array> {
  const pair = {
    publicPackage: message("mls_key_package", vector.key_package).keyPackage,
    privatePackage: {
      initPrivateKey: hexBytes(vector.init_priv),
      hpkePrivateKey: hexBytes(vector.encryption_priv),
      signaturePrivateKey: hexBytes(vector.signature_priv),
    },
  };
  const opened = await openWelcome(suite, message("mls_welcome", vector.welcome).welcome, pair);
  const tree =
    vector.ratchet_tree === null
      ? present(ratchetTreeFromExtension(opened.info), "a tree")
      : decodeTree(vector.ratchet_tree);
  await verifyGroup(suite, opened.info, tree);
  return (await enterEpoch(suite, opened, pair, tree)).keySchedule.epochAuthenticator;
}

/** Joins lead to the epoch of the others; a Welcome with a pre-shared key is refused. */
function runClients(vectors: readonly ClientVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.map((vector, index) => ({
      name: `${index}`,
      skip: vector.cipher_suite === 1 ? undefined : otherSuite,
      check: async () =>
        vector.external_psks.length > 0
          ? (await answer(() => join(vector))) === "space/refused-welcome"
          : isHex(await join(vector), vector.initial_epoch_authenticator),
    })),
  );
}

for (const [file, others] of [
  ["passive-client-welcome", 48],
  ["passive-client-random", 0],
] as const)
  vectorTest(test, {
    name: `our join by Welcome leads where the official ${file} says`,
    file: `mls/${file}.json`,
    run: runClients,
    skipped: others === 0 ? {} : { [otherSuite]: others },
  });
