import { BullaError } from "@bulla/wire";
import type * as mls from "ts-mls";
import { verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { isAble, type LeafAuthority } from "./group.ts";
import { leafOf } from "./leaf.ts";
import { verifyRatchetTree } from "./tree-check.ts";

function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw new BullaError("space/refused-opening", `opening refused: ${why}`);
}

/** What a joiner checks on a group of any kind: our suite, no extensions, a GroupInfo signed by one of its leaves, and a sound ratchet tree.
 *  @throws BullaError space/refused-opening */
export async function verifyGroup(
  suite: mls.CiphersuiteImpl,
  info: mls.GroupInfo,
  tree: mls.RatchetTree,
): Promise<void> {
  const { version, cipherSuite, extensions } = info.groupContext;
  must(version === "mls10" && cipherSuite === suite.name, "its group is of another suite");
  must(extensions.length === 0, "its group has extensions");
  const signer = tree[info.signer * 2];
  must(
    signer?.nodeType === "leaf" &&
      (await verifyGroupInfoSignature(info, signer.leaf.signaturePublicKey, suite.signature)),
    "its GroupInfo is not signed by a leaf",
  );
  await verifyRatchetTree(suite, tree, info.groupContext);
}

/** What our profile asks of every leaf beyond that: able, without extensions, certified.
 *  @throws BullaError space/refused-opening, wire/malformed */
export function verifyLeaves(tree: mls.RatchetTree, authority: LeafAuthority): void {
  for (const [index, node] of tree.entries()) {
    if (node?.nodeType !== "leaf") continue;
    const { device, signatureKey } = leafOf(node.leaf, index / 2);
    must(isAble(node.leaf.capabilities), "a leaf is not able to do what a space needs");
    must(node.leaf.extensions.length === 0, "a leaf carries extensions");
    must(authority(device, signatureKey), "a leaf key is not certified by its account");
  }
}
