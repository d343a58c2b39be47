import { BullaError } from "@bulla/wire";
import * as mls from "ts-mls";
import { exportSecret, nextEpochContext } from "ts-mls/clientState.js";
import { createConfirmationTag, createContentCommitSignature } from "ts-mls/framedContent.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { getCommitSecret, pathToPathSecrets } from "ts-mls/pathSecrets.js";
import { toPrivateKeyPath, updateLeafKey } from "ts-mls/privateKeyPath.js";
import { addLeafNode, removeLeafNode } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { leafWidth, nodeToLeafIndex, toLeafIndex, toNodeIndex } from "ts-mls/treemath.js";
import { createUpdatePath } from "ts-mls/updatePath.js";
import type { Primitives } from "../primitives.ts";
import type { CommittedGroup, KeyPackagePair, LeafAuthority } from "./group.ts";
import { leavesOfTree, treeOf } from "./leaf.ts";
import { type MemberDevice, sameDevice } from "./member-device.ts";
import { verifyGroup, verifyLeaves } from "./verify-group.ts";

const refused = (why: string, cause?: unknown): BullaError =>
  new BullaError("space/refused-opening", `opening refused: ${why}`, { cause });

/** Join by an external commit, RFC 9420 §12.4.3.2, taking the place of this device's old leaf if there is one.
 *  @throws BullaError space/refused-opening, wire/malformed */
export async function joinExternally(
  primitives: Primitives,
  info: mls.GroupInfo,
  pair: KeyPackagePair,
  device: MemberDevice,
  authenticatedData: Uint8Array,
  authority: LeafAuthority,
): Promise<CommittedGroup> {
  const suite = primitives.mls;
  const tree = treeOf(info);
  await verifyGroup(suite, info, tree);
  verifyLeaves(tree, authority);
  const { kemOutput, initSecret } = await externalInit(suite, info);
  const former = leavesOfTree(tree).find((leaf) => sameDevice(leaf.device, device))?.index;
  const path = await takePlace(suite, info.groupContext, tree, former, pair);
  const proposals: mls.Proposal[] = [
    ...(former === undefined ? [] : [{ proposalType: "remove", remove: { removed: former } } as const]),
    { proposalType: "external_init", externalInit: { kemOutput } },
  ];
  return commitToNextEpoch(suite, info, pair, { proposals, initSecret, authenticatedData, ...path });
}

async function externalInit(
  suite: mls.CiphersuiteImpl,
  { extensions }: mls.GroupInfo,
): Promise<{ readonly kemOutput: Uint8Array; readonly initSecret: Uint8Array }> {
  const [external, ...others] = extensions.filter(({ extensionType }) => extensionType === "external_pub");
  if (external === undefined || others.length > 0) throw refused("its GroupInfo has not exactly one external_pub");
  try {
    const { enc, secret } = await exportSecret(external.extensionData, suite);
    return { kemOutput: enc, initSecret: secret };
  } catch (cause) {
    throw refused("its external_pub is no public key", cause);
  }
}

interface TakenPlace {
  readonly tree: mls.RatchetTree;
  readonly path: Awaited<ReturnType<typeof createUpdatePath>>[1];
  readonly privatePath: mls.PrivateKeyPath;
  readonly commitSecret: Uint8Array;
}

/** Blank the old leaf, enter at the leftmost free place and set all keys above it. */
async function takePlace(
  suite: mls.CiphersuiteImpl,
  context: mls.GroupContext,
  before: mls.RatchetTree,
  former: number | undefined,
  { publicPackage, privatePackage }: KeyPackagePair,
): Promise<TakenPlace> {
  const vacated = former === undefined ? before : withoutLeaf(before, former);
  const [joined, place] = addLeafNode(vacated, publicPackage.leafNode);
  const leafIndex = nodeToLeafIndex(place);
  const [tree, path, pathSecrets, leafKey] = await createUpdatePath(
    joined,
    leafIndex,
    context,
    privatePackage.signaturePrivateKey,
    suite,
  );
  const top = pathSecrets.at(-1);
  const pathKeys = await toPrivateKeyPath(pathToPathSecrets(pathSecrets), leafIndex, suite);
  return {
    tree,
    path,
    privatePath: updateLeafKey(pathKeys, await suite.hpke.exportPrivateKey(leafKey)),
    // Above a leaf that is alone there are no nodes, and the library does not give out the secret of the leaf. Nobody else has to derive that epoch.
    commitSecret:
      top === undefined
        ? suite.rng.randomBytes(suite.kdf.size)
        : await getCommitSecret(tree, toNodeIndex(top.nodeIndex), top.secret, suite.kdf),
  };
}

/** The library throws where that was the only leaf. */
function withoutLeaf(tree: mls.RatchetTree, index: number): mls.RatchetTree {
  return leavesOfTree(tree).length === 1 ? [undefined] : removeLeafNode(tree, toLeafIndex(index));
}

interface ExternalCommit extends TakenPlace {
  readonly proposals: readonly mls.Proposal[];
  readonly initSecret: Uint8Array;
  readonly authenticatedData: Uint8Array;
}

async function commitToNextEpoch(
  suite: mls.CiphersuiteImpl,
  { groupContext: before, confirmationTag: tagBefore }: mls.GroupInfo,
  { privatePackage: { signaturePrivateKey } }: KeyPackagePair,
  { tree, path, privatePath, commitSecret, proposals, initSecret, authenticatedData }: ExternalCommit,
): Promise<CommittedGroup> {
  const wireformat = "mls_public_message";
  const { framedContent, signature } = await createContentCommitSignature(
    before,
    wireformat,
    { proposals: proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })), path },
    { senderType: "new_member_commit" },
    authenticatedData,
    signaturePrivateKey,
    suite.signature,
  );
  const treeHash = await treeHashRoot(tree, suite.hash);
  const groupContext = await nextEpochContext(
    before,
    wireformat,
    framedContent,
    signature,
    treeHash,
    tagBefore,
    suite.hash,
  );
  const noPsk = new Uint8Array(suite.kdf.size);
  const { keySchedule, encryptionSecret, joinerSecret } = await initializeEpoch(
    initSecret,
    commitSecret,
    groupContext,
    noPsk,
    suite.kdf,
  );
  const confirmationTag = await createConfirmationTag(
    keySchedule.confirmationKey,
    groupContext.confirmedTranscriptHash,
    suite.hash,
  );
  const auth = { contentType: "commit", signature, confirmationTag } as const;
  const content = { wireformat, content: framedContent, auth } as const;
  // The membership key is only used for messages of members.
  const publicMessage = await protectPublicMessage(keySchedule.membershipKey, groupContext, content, suite);
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf);
  for (const secret of [commitSecret, initSecret, encryptionSecret, joinerSecret]) secret.fill(0);
  const state: mls.GroupState = {
    groupContext,
    keySchedule,
    secretTree,
    ratchetTree: tree,
    privatePath,
    signaturePrivateKey,
    unappliedProposals: {},
    confirmationTag,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
  };
  return {
    group: { state },
    commit: mls.encodeMlsMessage({ version: "mls10", wireformat, publicMessage }),
    welcome: undefined,
  };
}
