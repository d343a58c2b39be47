import { BullaError, equalBytes } from "@bulla/wire";
import type * as mls from "ts-mls";
import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { verifyGroupInfoConfirmationTag } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { deriveKeySchedule } from "ts-mls/keySchedule.js";
import { pathToRoot } from "ts-mls/pathSecrets.js";
import { findLeafIndex } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { type LeafIndex, leafToNodeIndex, leafWidth, toLeafIndex } from "ts-mls/treemath.js";
import { firstCommonAncestor } from "ts-mls/updatePath.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import type { Primitives } from "../primitives.ts";
import type { Group, KeyPackagePair, LeafAuthority } from "./group.ts";
import { decodeExactly } from "./mls-message.ts";
import { verifyGroup, verifyLeaves } from "./verify-group.ts";

const refused = (why: string, cause?: unknown): BullaError =>
  new BullaError("space/refused-welcome", `invitation refused: ${why}`, { cause });

function must(holds: boolean, why: string): asserts holds {
  if (!holds) throw refused(why);
}

/** Join by a Welcome, RFC 9420 §12.4.3.1, with the ratchet tree that the opening carries.
 *  @throws BullaError space/refused-welcome, space/refused-opening, wire/malformed */
export async function joinByWelcome(
  primitives: Primitives,
  welcomeBytes: Uint8Array,
  pair: KeyPackagePair,
  tree: mls.RatchetTree,
  authority: LeafAuthority,
): Promise<Group> {
  const message = decodeExactly(welcomeBytes);
  must(message.wireformat === "mls_welcome", "it holds no Welcome");
  const opened = await openWelcome(primitives.mls, message.welcome, pair);
  await verifyGroup(primitives.mls, opened.info, tree);
  verifyLeaves(tree, authority);
  return { state: await enterEpoch(primitives.mls, opened, pair, tree) };
}

/** A Welcome as its receiver reads it. Nothing in it was compared with a tree yet. */
export interface OpenedWelcome {
  readonly info: mls.GroupInfo;
  readonly joinerSecret: Uint8Array;
  readonly pathSecret: Uint8Array | undefined;
}

/** Read the part of a Welcome that is for this KeyPackage. Our profile has no PSKs and no resumption.
 *  @throws BullaError space/refused-welcome */
export async function openWelcome(
  suite: mls.CiphersuiteImpl,
  welcome: mls.Welcome,
  { publicPackage, privatePackage }: KeyPackagePair,
): Promise<OpenedWelcome> {
  must(
    welcome.cipherSuite === suite.name && publicPackage.cipherSuite === suite.name,
    "its Welcome is of another suite",
  );
  const secrets = await opening(async () => {
    const key = await suite.hpke.importPrivateKey(privatePackage.initPrivateKey);
    return decryptGroupSecrets(key, await makeKeyPackageRef(publicPackage, suite.hash), welcome, suite.hpke);
  });
  must(secrets.psks.length === 0, "its Welcome asks for a pre-shared key");
  const { joinerSecret, pathSecret } = secrets;
  const info = await opening(() => decryptGroupInfo(welcome, joinerSecret, noPsk(suite), suite));
  return { info, joinerSecret, pathSecret };
}

/** One answer to everything that keeps a Welcome from opening. */
async function opening<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  try {
    const opened = await attempt();
    if (opened !== undefined) return opened;
  } catch (cause) {
    throw refused("its Welcome does not open", cause);
  }
  throw refused("its Welcome does not open");
}

/** The state of the epoch that a Welcome leads into. The tree was checked with `verifyGroup`.
 *  @throws BullaError space/refused-welcome */
export async function enterEpoch(
  suite: mls.CiphersuiteImpl,
  { info, joinerSecret, pathSecret }: OpenedWelcome,
  { publicPackage, privatePackage }: KeyPackagePair,
  tree: mls.RatchetTree,
): Promise<mls.GroupState> {
  const own = findLeafIndex(tree, publicPackage.leafNode);
  must(own !== undefined, "this device is not in its tree");
  must(
    await verifyGroupInfoConfirmationTag(info, joinerSecret, noPsk(suite), suite),
    "its confirmation tag is not the one of the epoch",
  );
  const pathKeys = pathSecret === undefined ? {} : await keysOfPath(suite, tree, own, info.signer, pathSecret);
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    joinerSecret,
    noPsk(suite),
    info.groupContext,
    suite.kdf,
  );
  const secretTree = await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf);
  encryptionSecret.fill(0);
  joinerSecret.fill(0);
  return {
    groupContext: info.groupContext,
    keySchedule,
    secretTree,
    ratchetTree: tree,
    privatePath: {
      leafIndex: own,
      privateKeys: { ...pathKeys, [leafToNodeIndex(own)]: privatePackage.hpkePrivateKey },
    },
    signaturePrivateKey: privatePackage.signaturePrivateKey,
    unappliedProposals: {},
    confirmationTag: info.confirmationTag,
    historicalReceiverData: new Map(),
    groupActiveState: { kind: "active" },
  };
}

/** Private keys from the lowest common ancestor with the committer up to the root; each must fit the public key in the tree. */
async function keysOfPath(
  suite: mls.CiphersuiteImpl,
  tree: mls.RatchetTree,
  own: LeafIndex,
  committer: number,
  pathSecret: Uint8Array,
): Promise<Record<number, Uint8Array>> {
  must(committer !== own, "its committer is this device");
  const ancestor = firstCommonAncestor(tree, own, toLeafIndex(committer));
  const keys: Record<number, Uint8Array> = {};
  for (const [place, secret] of Object.entries(await pathToRoot(tree, ancestor, pathSecret, suite.kdf))) {
    const index = Number(place);
    const node = tree[index];
    // A root outside the committer's filtered direct path is blank, but the library counts a secret for it.
    if (node === undefined && index !== ancestor) continue;
    const pair = await suite.hpke.deriveKeyPair(await deriveSecret(secret, "node", suite.kdf));
    must(
      node?.nodeType === "parent" &&
        equalBytes(node.parent.hpkePublicKey, await suite.hpke.exportPublicKey(pair.publicKey)),
      "its path secret does not fit its tree",
    );
    keys[index] = await suite.hpke.exportPrivateKey(pair.privateKey);
  }
  return keys;
}

function noPsk(suite: mls.CiphersuiteImpl): Uint8Array {
  return new Uint8Array(suite.kdf.size);
}
