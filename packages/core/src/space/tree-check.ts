import { BullaError, equalBytes, hexOf } from "@bulla/wire";
import type * as mls from "ts-mls";
import { extensionsSupportedByCapabilities } from "ts-mls/extension.js";
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js";
import { leafWidth, parent, toNodeIndex } from "ts-mls/treemath.js";
import { isUnder, parentHashesHold, treeHashes } from "./parent-hashes.ts";

function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw new BullaError("space/refused-opening", `opening refused: in its ratchet tree ${why}`);
}

/** All that RFC 9420 §12.4.3.1 asks of a ratchet tree before anybody joins with it; every suite. Required capabilities are left out, because our groups have no extensions;
 *  lifetimes too, because a leaf may grow old in its group (§7.3). ts-mls has this check as well, but refuses trees in which an unmerged leaf of a parent was merged further up.
 *  @throws BullaError space/refused-opening */
export async function verifyRatchetTree(
  suite: mls.CiphersuiteImpl,
  tree: mls.RatchetTree,
  { groupId, treeHash }: Pick<mls.GroupContext, "groupId" | "treeHash">,
): Promise<void> {
  checkStructure(tree);
  checkUnmergedLeaves(tree);
  checkKeys(tree);
  checkCapabilities(leafNodes(tree));
  const hashes = await treeHashes(tree, suite.hash);
  const root = hashes[(tree.length - 1) / 2];
  must(root !== undefined && equalBytes(root, treeHash), "the tree hash is not the one of the group");
  must(await parentHashesHold(tree, hashes, suite.hash), "a parent hash is wrong");
  for (const [index, node] of tree.entries())
    if (node?.nodeType === "leaf")
      must(
        await verifyLeafNodeSignature(node.leaf, groupId, index / 2, suite.signature),
        "a leaf is not signed by its device",
      );
}

/** §7.7, §12.4.3.3: leaves at even places, parents at odd ones, 2^(d+1) - 1 places, and no more of them than the leaves need. */
function checkStructure(tree: mls.RatchetTree): void {
  const size = tree.length;
  must(size > 0 && (size & (size + 1)) === 0, "the number of nodes is not that of a full tree");
  for (const [index, node] of tree.entries())
    must(node === undefined || (node.nodeType === "leaf") === (index % 2 === 0), "a node is of the wrong type");
  must(
    tree.some((node, index) => node?.nodeType === "leaf" && index >= (size - 1) / 2),
    "the right half is empty",
  );
}

/** An entry names a non-blank leaf below its parent, and every non-blank node between the two names it too. */
function checkUnmergedLeaves(tree: mls.RatchetTree): void {
  const width = leafWidth(tree.length);
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType !== "parent") continue;
    let before = -1;
    for (const leaf of node.parent.unmergedLeaves) {
      must(leaf > before, "unmerged leaves are not in order");
      before = leaf;
      must(isUnder(index, leaf * 2) && tree[leaf * 2] !== undefined, "an unmerged leaf is no leaf below its parent");
      for (let at = parent(toNodeIndex(leaf * 2), width); at !== index; at = parent(at, width)) {
        const between = tree[at];
        must(
          between?.nodeType !== "parent" || between.parent.unmergedLeaves.includes(leaf),
          "a node between an unmerged leaf and its parent does not name the leaf",
        );
      }
    }
  }
}

function checkKeys(tree: mls.RatchetTree): void {
  const encryptionKeys = tree.flatMap((node) =>
    node === undefined ? [] : [node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey],
  );
  must(areUnique(encryptionKeys), "an encryption key is used twice");
  must(areUnique(leafNodes(tree).map((leaf) => leaf.signaturePublicKey)), "a signature key is used twice");
}

function areUnique(keys: readonly Uint8Array[]): boolean {
  return new Set(keys.map(hexOf)).size === keys.length;
}

/** §7.3: everybody can read everybody's credential, and a leaf names the extensions that it carries. */
function checkCapabilities(leaves: readonly mls.LeafNode[]): void {
  const credentialTypes = new Set(leaves.map((leaf) => leaf.credential.credentialType));
  for (const { capabilities, extensions } of leaves) {
    must(
      [...credentialTypes].every((type) => capabilities.credentials.includes(type)),
      "a credential is of a type that not all can read",
    );
    must(
      extensionsSupportedByCapabilities(extensions, capabilities),
      "a leaf carries an extension that it does not support",
    );
  }
}

function leafNodes(tree: mls.RatchetTree): readonly mls.LeafNode[] {
  return tree.flatMap((node) => (node?.nodeType === "leaf" ? [node.leaf] : []));
}
