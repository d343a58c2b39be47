import { BullaError, equalBytes, hexOf } from "@bulla/wire";
import type * as mls from "ts-mls";
import { verifyKeyPackage } from "ts-mls/keyPackage.js";
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import type { Primitives } from "../primitives.ts";
import { type ChainBook, pinnedDevice } from "./chain-book.ts";
import { type Constitution, deviceNamesOf, devicesOf, memberOf } from "./constitution.ts";
import { capabilities, type Group, isAble, leavesOf } from "./group.ts";
import { type Leaf, leafOf } from "./leaf.ts";
import { deviceName, type MemberDevice, sameDevice } from "./member-device.ts";
import { decodeExactly } from "./mls-message.ts";
import { mayCommit } from "./rights.ts";

/** What every client checks on a commit before anything is applied. All of it uses only what every member of the old chapter holds, so all come to the same answer. */
export interface CommitRules {
  readonly group: Group;
  readonly old: Constitution;
  /** What the signed operations make of it. */
  readonly next: Constitution;
  readonly book: ChainBook;
  /** Author of the closing record. */
  readonly committer: MemberDevice;
  /** See `commit-binding.ts`. */
  readonly binding: Uint8Array;
}

type CommitContent = Extract<mls.PublicMessage["content"], { contentType: "commit" }>;
type Path = NonNullable<CommitContent["commit"]["path"]>;

const refused = (why: string): BullaError => new BullaError("space/refused-commit", `commit refused: ${why}`);

function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw refused(why);
}

/** @throws BullaError space/refused-commit, wire/malformed */
export async function inspectCommit(
  primitives: Primitives,
  input: Uint8Array,
  rules: CommitRules,
): Promise<mls.PublicMessage> {
  const message = decodeExactly(input);
  must(message.wireformat === "mls_public_message", "it is not a PublicMessage");
  const { publicMessage } = message;
  const { content } = publicMessage;
  must(content.contentType === "commit", "it is a proposal outside a commit");
  const { groupContext } = rules.group.state;
  must(
    equalBytes(content.groupId, groupContext.groupId) && content.epoch === groupContext.epoch,
    "it belongs to another group or epoch",
  );
  must(equalBytes(content.authenticatedData, rules.binding), "it is bound to another constitution or stream");
  const proposals = content.commit.proposals.map((entry) => {
    must(entry.proposalOrRefType === "proposal", "it names a proposal by reference");
    return entry.proposal;
  });
  const { senderType } = content.sender;
  if (senderType === "member") inspectMemberCommit(rules, content.sender.leafIndex, content, proposals);
  else {
    must(senderType === "new_member_commit", "its sender is no member");
    inspectExternalCommit(rules, content, proposals);
  }
  inspectEncryptionKeys(rules, content.commit.path, proposals);
  await checkLeafSignatures(primitives, rules, content, proposals);
  await checkProtection(primitives, rules.group, publicMessage);
  return publicMessage;
}

/** Leaves are exactly the devices that the constitution pins, each with the key that its chain certifies, and no encryption key twice.
 *  @throws BullaError space/refused-commit */
export function checkRoster(book: ChainBook, constitution: Constitution, leaves: readonly Leaf[]): void {
  const pinned = deviceNamesOf(constitution);
  must(leaves.length === pinned.size, "leaves and devices of the constitution differ");
  must(new Set(leaves.map((leaf) => deviceName(leaf.device))).size === leaves.length, "a device has two leaves");
  must(
    new Set(leaves.map((leaf) => hexOf(leaf.encryptionKey))).size === leaves.length,
    "an encryption key is used twice",
  );
  for (const leaf of leaves) checkLeaf(book, constitution, leaf);
}

function checkLeaf(book: ChainBook, constitution: Constitution, leaf: Leaf): void {
  const member = memberOf(constitution, leaf.device.handle);
  must(
    member?.devices.some((id) => equalBytes(id, leaf.device.deviceId)) === true,
    "a leaf belongs to nobody in the constitution",
  );
  const certified = pinnedDevice(book, leaf.device, member.pin);
  must(
    certified !== undefined && equalBytes(certified.keys.leafKey, leaf.signatureKey),
    "a leaf key is not certified by its account",
  );
}

function inspectMemberCommit(
  { group, old, next, book, committer }: CommitRules,
  leafIndex: number,
  content: CommitContent,
  proposals: readonly mls.Proposal[],
): void {
  const leaves = leavesOf(group);
  const own = leaves.find((leaf) => leaf.index === leafIndex);
  must(
    own !== undefined && sameDevice(own.device, committer),
    "it is not by the device that signed the closing record",
  );
  const role = memberOf(old, committer.handle)?.role;
  must(role !== undefined && mayCommit(role), "its committer has no right to commit");
  const added: Leaf[] = [];
  const removed: Leaf[] = [];
  for (const proposal of proposals) {
    if (proposal.proposalType === "add") added.push(inspectAdd(next, book, proposalAdd(proposal)));
    else if (proposal.proposalType === "remove") removed.push(leafAt(leaves, proposalRemove(proposal)));
    else throw refused("it holds a proposal that is not in our profile");
  }
  must(added.length === 0 || removed.length === 0, "it adds and removes at once");
  must(
    content.commit.path !== undefined || (added.length > 0 && removed.length === 0),
    "a commit with a Remove, and an empty commit, must have a path",
  );
  checkDifference(old, next, added, removed);
  if (content.commit.path !== undefined) {
    inspectLeafNode(content.commit.path.leafNode);
    const leaf = leafOf(content.commit.path.leafNode, leafIndex);
    must(sameDevice(leaf.device, committer), "its committer changed its identity");
    checkLeaf(book, next, leaf);
  }
}

function inspectExternalCommit(
  { group, old, next, book, committer }: CommitRules,
  content: CommitContent,
  proposals: readonly mls.Proposal[],
): void {
  const inits = proposals.filter((proposal) => proposal.proposalType === "external_init");
  const removes = proposals.filter((proposal) => proposal.proposalType === "remove");
  must(
    inits.length === 1 && removes.length <= 1 && proposals.length === inits.length + removes.length,
    "an external commit holds other proposals than ExternalInit and one Remove",
  );
  const { path } = content.commit;
  must(path !== undefined, "an external commit must have a path");
  inspectLeafNode(path.leafNode);
  const leaf = leafOf(path.leafNode, 0);
  must(sameDevice(leaf.device, committer), "it is not by the device that signed the closing record");
  must(memberOf(old, committer.handle) !== undefined, "an account that is no member joins by itself");
  checkLeaf(book, next, leaf);
  const leaves = leavesOf(group);
  const before = leaves.filter((candidate) => sameDevice(candidate.device, committer));
  const removed = removes.map((proposal) => leafAt(leaves, proposalRemove(proposal)));
  must(
    removed.every((gone) => sameDevice(gone.device, committer)),
    "an external commit removes the leaf of another device",
  );
  must(removed.length === before.length, "an external commit would leave its device two leaves");
  checkDifference(old, next, before.length === 0 ? [leaf] : [], []);
}

/** What is added and removed in the tree is what the operations changed in the constitution, no more and no less. */
function checkDifference(
  old: Constitution,
  next: Constitution,
  added: readonly Leaf[],
  removed: readonly Leaf[],
): void {
  const before = deviceNamesOf(old);
  const after = deviceNamesOf(next);
  const expectedAdds = devicesOf(next).filter((device) => !before.has(deviceName(device)));
  const expectedRemoves = devicesOf(old).filter((device) => !after.has(deviceName(device)));
  must(sameSet(added, expectedAdds), "it adds others than the operations say");
  must(sameSet(removed, expectedRemoves), "it removes others than the operations say");
}

function sameSet(leaves: readonly Leaf[], devices: readonly MemberDevice[]): boolean {
  const names = new Set(leaves.map((leaf) => deviceName(leaf.device)));
  return (
    names.size === leaves.length &&
    leaves.length === devices.length &&
    devices.every((device) => names.has(deviceName(device)))
  );
}

function inspectAdd(next: Constitution, book: ChainBook, keyPackage: mls.KeyPackage): Leaf {
  must(
    keyPackage.cipherSuite === capabilities().ciphersuites[0] && keyPackage.version === "mls10",
    "a KeyPackage is of another suite",
  );
  must(keyPackage.extensions.length === 0, "a KeyPackage carries extensions");
  inspectLeafNode(keyPackage.leafNode);
  const leaf = leafOf(keyPackage.leafNode, 0);
  checkLeaf(book, next, leaf);
  return leaf;
}

/** No public key may appear twice: not within the path, not against the tree, not against those who are added. RFC 9420 §12.4.2 leaves this to us. */
function inspectEncryptionKeys(
  { group }: CommitRules,
  path: Path | undefined,
  proposals: readonly mls.Proposal[],
): void {
  const inTree = group.state.ratchetTree.flatMap((node) =>
    node === undefined ? [] : [node.nodeType === "leaf" ? node.leaf.hpkePublicKey : node.parent.hpkePublicKey],
  );
  const inAdds = proposals.flatMap((proposal) =>
    proposal.proposalType === "add" ? [proposalAdd(proposal).leafNode.hpkePublicKey] : [],
  );
  const inPath =
    path === undefined ? [] : [path.leafNode.hpkePublicKey, ...path.nodes.map((node) => node.hpkePublicKey)];
  const keys = [...inPath, ...inTree, ...inAdds].map(hexOf);
  must(new Set(keys).size === keys.length, "an encryption key is used twice");
}

function inspectLeafNode({ extensions, capabilities: can }: mls.LeafNode): void {
  must(extensions.length === 0, "a leaf carries extensions");
  must(isAble(can), "a leaf is not able to do what a space needs");
}

/** Signatures of new leaves: the library checks them too, but only while it applies, when members could no longer agree that the closing was none. */
async function checkLeafSignatures(
  { mls: { signature } }: Primitives,
  { group }: CommitRules,
  { commit, sender }: CommitContent,
  proposals: readonly mls.Proposal[],
): Promise<void> {
  for (const proposal of proposals) {
    if (proposal.proposalType !== "add") continue;
    const keyPackage = proposalAdd(proposal);
    const signed =
      (await verifyKeyPackage(keyPackage, signature)) &&
      (await verifyLeafNodeSignatureKeyPackage(keyPackage.leafNode, signature));
    must(signed, "a KeyPackage is not signed by its device");
    must(!equalBytes(keyPackage.initKey, keyPackage.leafNode.hpkePublicKey), "an encryption key is used twice");
  }
  if (commit.path === undefined) return;
  const index = sender.senderType === "member" ? sender.leafIndex : freeIndex(group, proposals);
  must(
    await verifyLeafNodeSignature(commit.path.leafNode, group.state.groupContext.groupId, index, signature),
    "its leaf is not signed by its device",
  );
}

/** Where an external commit puts its leaf: the leftmost place that is free once its Remove is done. */
function freeIndex(group: Group, proposals: readonly mls.Proposal[]): number {
  const gone = proposals.flatMap((proposal) => (proposal.proposalType === "remove" ? [proposalRemove(proposal)] : []));
  const taken = new Set(leavesOf(group).map((leaf) => leaf.index));
  for (const index of gone) taken.delete(index);
  let index = 0;
  while (taken.has(index)) index++;
  return index;
}

/** Signature, and membership tag of a member's message: what every old member can check. */
async function checkProtection(primitives: Primitives, { state }: Group, message: mls.PublicMessage): Promise<void> {
  try {
    await unprotectPublicMessage(
      state.keySchedule.membershipKey,
      state.groupContext,
      state.ratchetTree,
      message,
      primitives.mls,
    );
  } catch (cause) {
    throw new BullaError("space/refused-commit", "commit refused: its signature or membership tag is wrong", { cause });
  }
}

function leafAt(leaves: readonly Leaf[], index: number): Leaf {
  const leaf = leaves.find((candidate) => candidate.index === index);
  must(leaf !== undefined, "it removes a leaf that is not there");
  return leaf;
}

function proposalAdd(proposal: mls.Proposal): mls.KeyPackage {
  must("add" in proposal, "malformed Add");
  return proposal.add.keyPackage;
}

function proposalRemove(proposal: mls.Proposal): number {
  must("remove" in proposal, "malformed Remove");
  return proposal.remove.removed;
}
