import * as mls from "ts-mls";
import { encodeIdentity } from "../member-device.ts";
import type { SignedOperation } from "../operation.ts";
import { type Scene } from "./attack-scene.fixture.ts";
import type { Device } from "./ground.fixture.ts";
import { craftCommit, type Hostile, leafIndex, lenient, resigned } from "./hostile-commit.fixture.ts";
import type { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";
import { day, type World } from "./world.fixture.ts";

export const add = (keyPackage: mls.KeyPackage): mls.Proposal => ({ proposalType: "add", add: { keyPackage } });
const remove = (removed: number): mls.Proposal => ({ proposalType: "remove", remove: { removed } });
export const removeOf = ({ mallory, alice }: Scene): mls.Proposal => remove(leafIndex(mallory, alice));
export const inline =
  (proposal: mls.Proposal) =>
  (body: mls.Commit): mls.Commit => ({
    ...body,
    proposals: [...body.proposals, { proposalOrRefType: "proposal", proposal }],
  });
export const withoutPath = ({ proposals }: mls.Commit): mls.Commit => ({ proposals, path: undefined });

/** The commit of a proposal that has no operation behind it. */
export const bare = async ({ mallory }: Scene, ...proposals: readonly mls.Proposal[]): Promise<Hostile> => ({
  commit: await craftCommit(mallory, { proposals }),
});

export const removing = async (
  scene: Scene,
): Promise<{ readonly operations: readonly SignedOperation[]; readonly commit: Uint8Array }> => {
  const operations = [await scene.mallory.sign({ kind: "removeMember", handle: scene.alice.me.handle })];
  return { operations, commit: await craftCommit(scene.mallory, { operations, proposals: [removeOf(scene)] }) };
};

/** A leaf of Mallory's own making, put into her state before she commits. */
export function ownLeaf(mallory: Member, change: Partial<mls.LeafNode>): Partial<mls.ClientState> {
  const ratchetTree = [...lenient(mallory).ratchetTree];
  const at = 2 * leafIndex(mallory, mallory);
  const node = present(ratchetTree[at]);
  if (node.nodeType !== "leaf") throw new Error("not a leaf");
  ratchetTree[at] = { nodeType: "leaf", leaf: { ...node.leaf, ...change } as mls.LeafNode };
  return { ratchetTree };
}

export interface KeyPackageWish {
  readonly capabilities?: mls.Capabilities;
  readonly extensions?: readonly mls.Extension[];
  readonly leafExtensions?: readonly mls.Extension[];
  readonly suite?: mls.CiphersuiteImpl;
  readonly signatureKeys?: { readonly signKey: Uint8Array; readonly publicKey: Uint8Array };
}

export const profile: mls.Capabilities = {
  versions: ["mls10"],
  ciphersuites: ["MLS_256_XWING_AES256GCM_SHA512_Ed25519"],
  extensions: [],
  proposals: [],
  credentials: ["basic"],
};
export const validNow: mls.Lifetime = { notBefore: BigInt(day - 1) * 86_400n, notAfter: BigInt(day + 30) * 86_400n };

export async function keyPackage(
  { primitives }: World,
  { me, secrets }: Device,
  wish: KeyPackageWish = {},
): Promise<mls.KeyPackage> {
  const keys = wish.signatureKeys ?? {
    signKey: secrets.leafSeed,
    publicKey: primitives.ed25519PublicKey(secrets.leafSeed),
  };
  const { capabilities = profile, extensions = [], suite = primitives.mls, leafExtensions = [] } = wish;
  return (
    await mls.generateKeyPackageWithKey(
      { credentialType: "basic", identity: encodeIdentity(me) },
      capabilities,
      validNow,
      [...extensions],
      keys,
      suite,
      [...leafExtensions],
    )
  ).publicPackage;
}

/** Eve is added by a valid operation; only her KeyPackage is not what it must be. */
export const adding = async (
  scene: Scene,
  wish: KeyPackageWish,
  change: (made: mls.KeyPackage) => mls.KeyPackage = (made) => made,
): Promise<Hostile> => {
  const { world, mallory, eve } = scene;
  const operations = [await mallory.addOperation(eve, "member")];
  const commit = (made: mls.KeyPackage): Promise<Uint8Array> =>
    craftCommit(mallory, { operations, proposals: [add(made)] });
  const honest = await commit(await keyPackage(world, eve));
  const made = change(await keyPackage(world, eve, wish));
  const hostile = await commit(made).catch(() =>
    resigned(mallory, honest, () => ({
      proposals: [{ proposalOrRefType: "proposal", proposal: add(made) }],
      path: undefined,
    })),
  );
  return { commit: hostile, operations, twin: { commit: honest, operations } };
};

/** Key pairs of Mallory's choice, one after the other, where the library would make fresh ones. */
export const choosing = (
  suite: mls.CiphersuiteImpl,
  chosen: (made: number) => Promise<Uint8Array | undefined>,
): mls.CiphersuiteImpl => {
  let made = 0;
  const choose = async (
    pair: Awaited<ReturnType<mls.Hpke["generateKeyPair"]>>,
  ): ReturnType<mls.Hpke["generateKeyPair"]> => {
    const key = await chosen(made++);
    return key === undefined ? pair : { ...pair, publicKey: await suite.hpke.importPublicKey(key) };
  };
  return {
    ...suite,
    hpke: {
      ...suite.hpke,
      deriveKeyPair: async (seed) => choose(await suite.hpke.deriveKeyPair(seed)),
      generateKeyPair: async () => choose(await suite.hpke.generateKeyPair()),
    },
  };
};

export const leafKeyOf = (member: Member, other: Member): Uint8Array => {
  const node = present(lenient(member).ratchetTree[2 * leafIndex(member, other)]);
  return node.nodeType === "leaf" ? node.leaf.hpkePublicKey : new Uint8Array();
};
