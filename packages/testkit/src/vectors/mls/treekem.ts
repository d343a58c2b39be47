import { equalBytes, hexOf } from "@bulla/wire";
import type { CiphersuiteImpl, GroupContext, PrivateKeyPath, RatchetTree, UpdatePath } from "ts-mls";
import { applyUpdatePathSecret } from "ts-mls/createCommit.js";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { getCommitSecret } from "ts-mls/pathSecrets.js";
import { toPrivateKeyPath } from "ts-mls/privateKeyPath.js";
import { decodeRatchetTree, getHpkePublicKey } from "ts-mls/ratchetTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { leafToNodeIndex, toLeafIndex } from "ts-mls/treemath.js";
import { applyUpdatePath, createUpdatePath, decodeUpdatePath } from "ts-mls/updatePath.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { decoded } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface TreeKemVector extends SuiteVector {
  readonly group_id: string;
  readonly epoch: number;
  readonly confirmed_transcript_hash: string;
  readonly ratchet_tree: string;
  readonly leaves_private: readonly {
    readonly index: number;
    readonly encryption_priv: string;
    readonly signature_priv: string;
    readonly path_secrets: readonly { readonly node: number; readonly path_secret: string }[];
  }[];
  readonly update_paths: readonly {
    readonly sender: number;
    readonly update_path: string;
    readonly path_secrets: readonly (string | null)[];
    readonly commit_secret: string;
    readonly tree_hash_after: string;
  }[];
}

/** mls-implementations, treekem: the private keys fit the tree; every leaf opens every given update path; and a path made by us is opened by all. */
export function runTreeKem(vectors: readonly TreeKemVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const tree = decoded(decodeRatchetTree, vector.ratchet_tree);
    const leaves = await Promise.all(vector.leaves_private.map((leaf) => privatePath(leaf, suite)));
    for (const leaf of leaves) if (!(await keysFitTree(leaf, tree, suite))) return false;
    for (const path of vector.update_paths) if (!(await followsPath(vector, path, tree, leaves, suite))) return false;
    return true;
  });
}

async function followsPath(
  vector: TreeKemVector,
  path: TreeKemVector["update_paths"][number],
  tree: RatchetTree,
  leaves: readonly PrivateKeyPath[],
  suite: CiphersuiteImpl,
): Promise<boolean> {
  const sender = toLeafIndex(path.sender);
  const given = decoded(decodeUpdatePath, path.update_path);
  const treeAfter = await applyUpdatePath(tree, sender, given, suite.hash);
  const treeHash = await treeHashRoot(treeAfter, suite.hash);
  if (!isHex(treeHash, path.tree_hash_after)) return false;
  const context = groupContext(vector, treeHash, suite);

  const signer = vector.leaves_private.find((leaf) => leaf.index === path.sender);
  if (signer === undefined) return false;
  const [ownTree, own, ownSecrets] = await createUpdatePath(
    treeAfter,
    sender,
    context,
    hexBytes(signer.signature_priv),
    suite,
  );
  const rootSecret = ownSecrets.at(-1)?.secret;
  if (rootSecret === undefined) return false;
  const ownCommitSecret = await deriveSecret(rootSecret, "path", suite.kdf);
  const ownContext = { ...context, epoch: context.epoch + 1n, treeHash: await treeHashRoot(ownTree, suite.hash) };

  for (const leaf of leaves.filter(({ leafIndex }) => leafIndex !== path.sender)) {
    const opened = await openPath(tree, leaf, path.sender, context, given, suite);
    const openedOwn = await openPath(tree, leaf, path.sender, ownContext, own, suite);
    const fits =
      hexOf(opened.pathSecret) === path.path_secrets[leaf.leafIndex] &&
      isHex(opened.commitSecret, path.commit_secret) &&
      equalBytes(openedOwn.commitSecret, ownCommitSecret);
    if (!fits) return false;
  }
  return true;
}

async function openPath(
  tree: RatchetTree,
  leaf: PrivateKeyPath,
  sender: number,
  context: GroupContext,
  path: UpdatePath,
  suite: CiphersuiteImpl,
): Promise<{ readonly pathSecret: Uint8Array; readonly commitSecret: Uint8Array }> {
  const { nodeIndex, pathSecret } = await applyUpdatePathSecret(
    tree,
    leaf,
    toLeafIndex(sender),
    context,
    path,
    [],
    suite,
  );
  return { pathSecret, commitSecret: await getCommitSecret(tree, nodeIndex, pathSecret, suite.kdf) };
}

async function privatePath(
  leaf: TreeKemVector["leaves_private"][number],
  suite: CiphersuiteImpl,
): Promise<PrivateKeyPath> {
  const secrets = Object.fromEntries(leaf.path_secrets.map(({ node, path_secret }) => [node, hexBytes(path_secret)]));
  const path = await toPrivateKeyPath(secrets, leaf.index, suite);
  return {
    ...path,
    privateKeys: { ...path.privateKeys, [leafToNodeIndex(toLeafIndex(leaf.index))]: hexBytes(leaf.encryption_priv) },
  };
}

async function keysFitTree(leaf: PrivateKeyPath, tree: RatchetTree, { hpke }: CiphersuiteImpl): Promise<boolean> {
  for (const [index, privateKey] of Object.entries(leaf.privateKeys)) {
    const node = tree[Number(index)];
    if (node === undefined) return false;
    const publicKey = await hpke.importPublicKey(getHpkePublicKey(node));
    const { enc, secret } = await hpke.exportSecret(publicKey, new Uint8Array(0), 32, new Uint8Array(0));
    const own = await hpke.importSecret(
      await hpke.importPrivateKey(privateKey),
      new Uint8Array(0),
      enc,
      32,
      new Uint8Array(0),
    );
    if (!equalBytes(own, secret)) return false;
  }
  return true;
}

function groupContext(vector: TreeKemVector, treeHash: Uint8Array, suite: CiphersuiteImpl): GroupContext {
  return {
    version: "mls10",
    cipherSuite: suite.name,
    groupId: hexBytes(vector.group_id),
    epoch: BigInt(vector.epoch),
    treeHash,
    confirmedTranscriptHash: hexBytes(vector.confirmed_transcript_hash),
    extensions: [],
  };
}
