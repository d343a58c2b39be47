import type * as mls from "ts-mls";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { beforeAll, describe, expect, test } from "vitest";
import { joinByWelcome } from "./join-by-welcome.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { everybody, type RawDevice, RawGroup } from "./testing/raw-group.fixture.ts";
import { verifyRatchetTree } from "./tree-check.ts";

let raw: RawGroup;

beforeAll(async () => {
  raw = await RawGroup.found(7, "tree check");
  for (const device of raw.devices) await raw.rotate(device);
  await raw.rotate(byLeaf(0));
  await raw.add(byLeaf(0), await raw.device());
});

const byLeaf = (leaf: number): RawDevice => present(raw.devices.find((device) => raw.indexOf(device) === leaf));

// Seven of eight leaves have committed, leaf 0 as the last; leaf 7 is silent: unmerged in its ancestors 11 and 7, while 13 is blank.
const silent = 7;
const [root, between, elsewhere] = [7, 11, 3] as const;

function leafAt(tree: mls.RatchetTree, leaf: number): mls.LeafNode {
  const node = tree[leaf * 2];
  if (node?.nodeType !== "leaf") throw new Error("the test expected a leaf");
  return node.leaf;
}

function parentAt(tree: mls.RatchetTree, index: number): mls.ParentNode {
  const node = tree[index];
  if (node?.nodeType !== "parent") throw new Error("the test expected a parent");
  return node.parent;
}

function withLeaf(tree: mls.RatchetTree, leaf: number, change: Partial<mls.LeafNode>): mls.RatchetTree {
  return tree.with(leaf * 2, { nodeType: "leaf", leaf: Object.assign({ ...leafAt(tree, leaf) }, change) });
}

function withParent(tree: mls.RatchetTree, index: number, change: Partial<mls.ParentNode>): mls.RatchetTree {
  return tree.with(index, { nodeType: "parent", parent: { ...parentAt(tree, index), ...change } });
}

const withUnmerged = (tree: mls.RatchetTree, index: number, ...unmergedLeaves: number[]): mls.RatchetTree =>
  withParent(tree, index, { unmergedLeaves });

interface Tampering {
  readonly name: string;
  readonly says: string;
  tamper(tree: mls.RatchetTree): mls.RatchetTree;
}

/** Whoever makes these is a member and signs a GroupInfo with the tree hash that fits. */
const tamperings: readonly Tampering[] = [
  {
    name: "an unmerged leaf that is no descendant",
    says: "no leaf below its parent",
    tamper: (tree) => withUnmerged(tree, elsewhere, silent),
  },
  {
    name: "an unmerged leaf far outside of the tree",
    says: "no leaf below its parent",
    tamper: (tree) => withUnmerged(tree, root, silent, 2 ** 32 - 1),
  },
  {
    name: "an unmerged leaf that is blank",
    says: "no leaf below its parent",
    tamper: (tree) => withUnmerged(tree, root, 6, silent).with(12, undefined),
  },
  {
    name: "an unmerged leaf that a node on the way does not name",
    says: "does not name the leaf",
    tamper: (tree) => withUnmerged(tree, between),
  },
  {
    name: "an unmerged leaf named twice",
    says: "not in order",
    tamper: (tree) => withUnmerged(tree, root, silent, silent),
  },
  {
    name: "unmerged leaves out of order",
    says: "not in order",
    tamper: (tree) => withUnmerged(tree, root, silent, 6),
  },
  {
    name: "a silent leaf that the root passes off as merged",
    says: "a parent hash is wrong",
    tamper: (tree) => withUnmerged(tree, root),
  },
  {
    name: "a silent leaf that all parents pass off as merged",
    says: "a parent hash is wrong",
    tamper: (tree) => withUnmerged(withUnmerged(tree, root), between),
  },
  {
    name: "a merged leaf that its parents pass off as unmerged",
    says: "a parent hash is wrong",
    tamper: (tree) => withUnmerged(withUnmerged(withUnmerged(tree, 9, 4), between, 4, silent), root, 4, silent),
  },
  {
    name: "two leaves with one encryption key",
    says: "encryption key is used twice",
    tamper: (tree) => withLeaf(tree, 1, { hpkePublicKey: leafAt(tree, 2).hpkePublicKey }),
  },
  {
    name: "two parents with one encryption key",
    says: "encryption key is used twice",
    tamper: (tree) => withParent(tree, 1, { hpkePublicKey: parentAt(tree, 5).hpkePublicKey }),
  },
  {
    name: "a parent with the encryption key of a leaf",
    says: "encryption key is used twice",
    tamper: (tree) => withParent(tree, 1, { hpkePublicKey: leafAt(tree, 5).hpkePublicKey }),
  },
  {
    name: "two leaves with one signature key",
    says: "signature key is used twice",
    tamper: (tree) => withLeaf(tree, 1, { signaturePublicKey: leafAt(tree, 2).signaturePublicKey }),
  },
  {
    name: "a leaf that cannot read the credentials of others",
    says: "credential is of a type",
    tamper: (tree) =>
      withLeaf(tree, silent, { capabilities: { ...leafAt(tree, silent).capabilities, credentials: [] } }),
  },
  {
    name: "a leaf with an extension that it does not support",
    says: "extension that it does not support",
    tamper: (tree) =>
      withLeaf(tree, silent, { extensions: [{ extensionType: 0xf0c5, extensionData: new Uint8Array() }] }),
  },
  {
    name: "a wrong parent hash in a parent",
    says: "a parent hash is wrong",
    tamper: (tree) => withParent(tree, elsewhere, { parentHash: flipped(parentAt(tree, elsewhere).parentHash, 0) }),
  },
  {
    name: "a wrong parent hash in a leaf",
    says: "a parent hash is wrong",
    tamper: (tree) => withLeaf(tree, 6, { parentHash: new Uint8Array(64) }),
  },
  {
    name: "an own key of the attacker in a parent",
    says: "a parent hash is wrong",
    tamper: (tree) => withParent(tree, root, { hpkePublicKey: raw.primitives.random(1216) }),
  },
  {
    name: "a leaf that was taken out without its parents being blanked",
    says: "a parent hash is wrong",
    tamper: (tree) => tree.with(2, undefined),
  },
  {
    name: "a leaf with a wrong signature",
    says: "not signed by its device",
    tamper: (tree) => withLeaf(tree, silent, { signature: flipped(leafAt(tree, silent).signature, 0) }),
  },
  {
    name: "a leaf with another encryption key than the one that its device signed",
    says: "not signed by its device",
    tamper: (tree) => withLeaf(tree, silent, { hpkePublicKey: raw.primitives.random(1216) }),
  },
  {
    name: "a leaf where a parent belongs",
    says: "wrong type",
    tamper: (tree) => tree.with(13, { nodeType: "leaf", leaf: leafAt(tree, silent) }),
  },
  {
    name: "a parent where a leaf belongs",
    says: "wrong type",
    tamper: (tree) => tree.with(14, { nodeType: "parent", parent: parentAt(tree, 9) }),
  },
  { name: "nodes missing at its end", says: "not that of a full tree", tamper: (tree) => tree.slice(0, -2) },
  { name: "no nodes at all", says: "not that of a full tree", tamper: () => [] },
  {
    name: "an empty right half",
    says: "right half is empty",
    tamper: (tree) => [...tree, ...Array.from({ length: tree.length + 1 }, () => undefined)],
  },
];

async function said(tree: mls.RatchetTree, change: Partial<mls.GroupContext> = {}): Promise<string> {
  const { hash } = raw.primitives.mls;
  const { groupContext } = raw.groupOf(present(raw.devices[0])).state;
  const treeHash = await treeHashRoot(tree, hash).catch(() => new Uint8Array());
  try {
    await verifyRatchetTree(raw.primitives.mls, tree, { ...groupContext, treeHash, ...change });
    return "accepted";
  } catch (error) {
    return String(error);
  }
}

const honestTree = (): mls.RatchetTree => raw.groupOf(present(raw.devices[0])).state.ratchetTree;

describe("a ratchet tree", () => {
  test("control: as the members have it is accepted", async () => {
    expect(parentAt(honestTree(), root).unmergedLeaves).toEqual([silent]);
    expect(parentAt(honestTree(), between).unmergedLeaves).toEqual([silent]);
    expect(await said(honestTree())).toBe("accepted");
  });

  for (const { name, says, tamper } of tamperings)
    test(`with ${name} is refused`, async () => {
      expect(await said(tamper(honestTree()))).toContain(says);
    });

  test("with another tree hash than the group's is refused", async () => {
    const { treeHash } = raw.groupOf(present(raw.devices[0])).state.groupContext;
    expect(await said(honestTree(), { treeHash: flipped(treeHash, 5) })).toContain("tree hash is not the one");
  });

  test("of another group is refused", async () => {
    expect(await said(honestTree(), { groupId: new Uint8Array(16).fill(1) })).toContain("not signed by its device");
  });
});

test("a silent leaf that the root passes off as merged is refused beside the leaf that set the root, where no hash shows it", async () => {
  const before = raw;
  try {
    raw = await RawGroup.found(5);
    await raw.rotate(byLeaf(4));
    await raw.add(byLeaf(0), await raw.device());
    expect(parentAt(honestTree(), root).unmergedLeaves).toEqual([5]);
    expect(await said(honestTree())).toBe("accepted");
    expect(await said(withUnmerged(honestTree(), root))).toContain("a parent hash is wrong");
    // ts-mls compares the hashes only.
    expect(await verifyParentHashes(withUnmerged(honestTree(), root), raw.primitives.mls.hash)).toBe(true);
  } finally {
    raw = before;
  }
});

describe("a member with a tampered tree", () => {
  // With the other trees the library itself does not make a commit.
  const scenes = tamperings.filter(({ says }) => !/twice|type|tree|half/.test(says));

  test("control: lets a newcomer in with the untampered one, by Welcome and by itself", async () => {
    const { treeHash } = raw.groupOf(present(raw.devices[0])).state.groupContext;
    expect(await offered(honestTree(), treeHash)).toEqual(["accepted", "accepted"]);
  });

  for (const { name, tamper } of scenes)
    test(`cannot let a newcomer in with ${name}`, async () => {
      const tree = tamper(honestTree());
      const treeHash = await treeHashRoot(tree, raw.primitives.mls.hash);
      const refused = "space/refused-opening";
      expect(await offered(tree, treeHash)).toEqual([refused, refused]);
    });
});

/** What a newcomer makes of the Welcome and of the GroupInfo of a member whose tree is this. */
async function offered(ratchetTree: mls.RatchetTree, treeHash: Uint8Array): Promise<readonly string[]> {
  const attacker = present(raw.devices[0]);
  const { state } = raw.groupOf(attacker);
  const change = { ratchetTree, groupContext: { ...state.groupContext, treeHash } };
  const newcomer = await raw.device();
  const branch = new RawGroup("branch");
  branch.members.set(attacker, { state: { ...state, ...change } });
  const added = await branch.commit(attacker, { add: [newcomer.pair.publicPackage] });
  return [
    await answer(() =>
      joinByWelcome(raw.primitives, present(added.welcome), newcomer.pair, added.group.state.ratchetTree, everybody),
    ),
    await answer(async () => raw.externalCommit(newcomer, await raw.groupInfo(attacker, change))),
  ];
}
