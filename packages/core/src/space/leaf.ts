import { BullaError } from "@bulla/wire";
import type * as mls from "ts-mls";
import { ratchetTreeFromExtension } from "ts-mls/groupInfo.js";
import { decodeIdentity, type MemberDevice } from "./member-device.ts";

/** A leaf as the tree shows it. */
export interface Leaf {
  readonly index: number;
  readonly device: MemberDevice;
  readonly signatureKey: Uint8Array;
  readonly encryptionKey: Uint8Array;
}

export function leavesOfTree(tree: mls.RatchetTree): readonly Leaf[] {
  return tree.flatMap((node, index) => (node?.nodeType === "leaf" ? [leafOf(node.leaf, index / 2)] : []));
}

export function leafOf(leaf: mls.LeafNode, index: number): Leaf {
  const { credential } = leaf;
  if (credential.credentialType !== "basic" || !("identity" in credential))
    throw new BullaError("wire/malformed", "malformed item: leaf credential");
  return {
    index,
    device: decodeIdentity(credential.identity),
    signatureKey: leaf.signaturePublicKey,
    encryptionKey: leaf.hpkePublicKey,
  };
}

/** The ratchet tree that a GroupInfo carries. @throws BullaError space/refused-opening */
export function treeOf(info: mls.GroupInfo): mls.RatchetTree {
  const tree = ratchetTreeFromExtension(info);
  if (tree === undefined) throw new BullaError("space/refused-opening", "opening refused: its GroupInfo holds no tree");
  return tree;
}
