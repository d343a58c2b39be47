import { equalBytes } from "@bulla/wire";
import type * as mls from "ts-mls";
import { encodeParentHashInput } from "ts-mls/parentHash.js";
import { resolution } from "ts-mls/ratchetTree.js";
import { encodeTreeHashInput } from "ts-mls/treeHash.js";
import { left, right, toNodeIndex } from "ts-mls/treemath.js";

type Hash = mls.CiphersuiteImpl["hash"];

/** Whether a node lies in the subtree under another one, that one included. */
export function isUnder(root: number, node: number): boolean {
  // Array representation of RFC 9420 appendix C: a node of level k stands in the middle of 2^(k+1) - 1 nodes.
  const half = (~root & (root + 1)) - 1;
  return node >= root - half && node <= root + half;
}

/** Tree hash of every node, RFC 9420 §7.8. The tree must be structurally sound. */
export async function treeHashes(tree: mls.RatchetTree, hash: Hash): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  const root = (tree.length - 1) / 2;
  await subtreeHash(tree, root, hash, {
    without: new Set(),
    known: () => undefined,
    found: (at, is) => {
      hashes[at] = is;
    },
  });
  return hashes;
}

/** Whether every non-blank parent node is parent-hash valid with respect to exactly one of its descendants, RFC 9420 §7.9.2.
 *  The tree must be structurally sound, its unmerged leaves checked, `hashes` its tree hashes. */
export async function parentHashesHold(
  tree: mls.RatchetTree,
  hashes: readonly Uint8Array[],
  hash: Hash,
): Promise<boolean> {
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType !== "parent") continue;
    const parent = toNodeIndex(index);
    let witnesses = 0;
    for (const [child, sibling] of [
      [left(parent), right(parent)],
      [right(parent), left(parent)],
    ] as const) {
      const claimed = claimOf(tree, node.parent, child);
      if (claimed === undefined) continue;
      const originalSiblingTreeHash = await originalHash(tree, node.parent, sibling, hashes, hash);
      const { hpkePublicKey: encryptionKey, parentHash } = node.parent;
      const expected = await hash.digest(encodeParentHashInput({ encryptionKey, parentHash, originalSiblingTreeHash }));
      if (equalBytes(claimed, expected)) witnesses += 1;
    }
    if (witnesses !== 1) return false;
  }
  return true;
}

/** The parent hash of the one node D under `child` that can have been set together with `parent`: resolution of `child` without D = unmerged leaves of `parent` under `child`. */
function claimOf(tree: mls.RatchetTree, parent: mls.ParentNode, child: number): Uint8Array | undefined {
  const unmerged = new Set(parent.unmergedLeaves.map((leaf) => leaf * 2).filter((leaf) => isUnder(child, leaf)));
  const resolved = resolution(tree, toNodeIndex(child));
  const [first, ...others] = resolved.filter((index) => !unmerged.has(index));
  if (first === undefined || others.length > 0 || resolved.length !== unmerged.size + 1) return undefined;
  const node = tree[first];
  if (node?.nodeType === "parent") return node.parent.parentHash;
  return node?.leaf.leafNodeSource === "commit" ? node.leaf.parentHash : undefined;
}

/** Tree hash of `sibling` as it was when `parent` was set. */
async function originalHash(
  tree: mls.RatchetTree,
  { unmergedLeaves }: mls.ParentNode,
  sibling: number,
  hashes: readonly Uint8Array[],
  hash: Hash,
): Promise<Uint8Array> {
  const without = new Set(unmergedLeaves.filter((leaf) => isUnder(sibling, leaf * 2)));
  const untouched = (at: number): boolean => [...without].every((leaf) => !isUnder(at, leaf * 2));
  return subtreeHash(tree, sibling, hash, {
    without,
    known: (at) => (untouched(at) ? hashes[at] : undefined),
    found: () => undefined,
  });
}

interface Walk {
  /** Leaves that are taken for blank, and for merged. */
  readonly without: ReadonlySet<number>;
  readonly known: (node: number) => Uint8Array | undefined;
  readonly found: (node: number, hash: Uint8Array) => void;
}

async function subtreeHash(tree: mls.RatchetTree, at: number, hash: Hash, walk: Walk): Promise<Uint8Array> {
  const known = walk.known(at);
  if (known !== undefined) return known;
  const is = await hash.digest(encodeTreeHashInput(await hashInput(tree, at, hash, walk)));
  walk.found(at, is);
  return is;
}

async function hashInput(
  tree: mls.RatchetTree,
  at: number,
  hash: Hash,
  walk: Walk,
): Promise<Parameters<typeof encodeTreeHashInput>[0]> {
  const node = tree[at];
  if (at % 2 === 0) {
    const leafNode = node?.nodeType === "leaf" && !walk.without.has(at / 2) ? node.leaf : undefined;
    return { nodeType: "leaf", leafIndex: at / 2, leafNode };
  }
  const leftHash = await subtreeHash(tree, left(toNodeIndex(at)), hash, walk);
  const rightHash = await subtreeHash(tree, right(toNodeIndex(at)), hash, walk);
  const parent = node?.nodeType === "parent" ? node.parent : undefined;
  const parentNode = parent && {
    ...parent,
    unmergedLeaves: parent.unmergedLeaves.filter((leaf) => !walk.without.has(leaf)),
  };
  return { nodeType: "parent", parentNode, leftHash, rightHash };
}
