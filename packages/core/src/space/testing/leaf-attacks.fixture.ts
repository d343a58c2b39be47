import { encodeIdentity } from "../member-device.ts";
import { attack, type CommitAttack } from "./attack-scene.fixture.ts";
import { craftCommit, resigned } from "./hostile-commit.fixture.ts";
import { add, adding, choosing, inline, keyPackage, leafKeyOf, ownLeaf, profile } from "./hostile-leaf.fixture.ts";
import { utf8 } from "./present.fixture.ts";

/** Leaves and keys that a commit brings into the tree. */
export const leafAttacks: readonly CommitAttack[] = [
  attack("swapped-identity", "the committer turns its leaf into somebody else's", async ({ mallory, eve }) => ({
    commit: await craftCommit(mallory, {
      state: ownLeaf(mallory, { credential: { credentialType: "basic", identity: encodeIdentity(eve.me) } }),
    }),
  })),
  attack(
    "swapped-key",
    "the committer gives its leaf a signature key that nobody certified",
    async ({ mallory, suite, world }) => {
      const seed = world.primitives.random(32);
      const sign = (key: Uint8Array, message: Uint8Array): Promise<Uint8Array> =>
        suite.signature.sign(
          new TextDecoder("latin1").decode(message.subarray(0, 32)).includes("LeafNodeTBS") ? seed : key,
          message,
        );
      const state = ownLeaf(mallory, { signaturePublicKey: world.primitives.ed25519PublicKey(seed) });
      return {
        commit: await craftCommit(mallory, {
          state,
          cipherSuite: { ...suite, signature: { ...suite.signature, sign } },
        }),
      };
    },
  ),
  attack("leaf-extensions", "the committer's leaf carries an extension", async ({ mallory }) => ({
    commit: await craftCommit(mallory, {
      state: ownLeaf(mallory, {
        extensions: [{ extensionType: 0xf00d, extensionData: utf8("x") }],
        capabilities: { ...profile, extensions: [0xf00d] },
      }),
    }),
  })),
  attack(
    "poisoned-leaf",
    "the committer's leaf says it can no credential, so that no later commit of anybody is valid",
    async ({ mallory }) => ({
      commit: await craftCommit(mallory, {
        state: ownLeaf(mallory, { capabilities: { ...profile, credentials: [] } }),
      }),
    }),
  ),
  attack("duplicate-path-keys", "one encryption key twice in a path", async ({ mallory, suite, alice }) => {
    const key = (await alice.world.primitives.mls.hpke.deriveKeyPair(new Uint8Array(64))).publicKey;
    const encoded = await suite.hpke.exportPublicKey(key);
    return { commit: await craftCommit(mallory, { cipherSuite: choosing(suite, async () => encoded) }) };
  }),
  attack("key-in-tree", "a path leaf takes the encryption key of another member", async ({ mallory, suite, alice }) => {
    const key = leafKeyOf(mallory, alice);
    return {
      commit: await craftCommit(mallory, {
        cipherSuite: choosing(suite, async (made) => (made === 0 ? key : undefined)),
      }),
    };
  }),
  attack("added-key-in-tree", "an added leaf takes the encryption key of a member", async (scene) => {
    const key = leafKeyOf(scene.mallory, scene.alice);
    return adding(scene, { suite: choosing(scene.suite, async (made) => (made === 1 ? key : undefined)) });
  }),
  attack("two-leaves", "one device is added twice", async ({ mallory, world, eve }) => {
    const operations = [await mallory.addOperation(eve, "member")];
    const [one, two] = [add(await keyPackage(world, eve)), add(await keyPackage(world, eve))];
    const commit = await craftCommit(mallory, { operations, proposals: [one] });
    return { operations, commit: await resigned(mallory, commit, inline(two)), twin: { commit, operations } };
  }),
  attack("package-extensions", "an added KeyPackage carries extensions", (scene) =>
    adding(scene, { extensions: [{ extensionType: 0xf00d, extensionData: utf8("x") }] }),
  ),
  attack("package-leaf-extensions", "an added leaf carries extensions", (scene) =>
    adding(scene, {
      capabilities: { ...profile, extensions: [0xf00d] },
      leafExtensions: [{ extensionType: 0xf00d, extensionData: utf8("x") }],
    }),
  ),
  attack("package-suite", "an added KeyPackage is of another suite", (scene) =>
    adding(scene, { suite: { ...scene.suite, name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" } }),
  ),
  attack("package-key", "an added leaf has a signature key that its account did not certify", (scene) => {
    const signKey = scene.world.primitives.random(32);
    return adding(scene, { signatureKeys: { signKey, publicKey: scene.world.primitives.ed25519PublicKey(signKey) } });
  }),
  attack(
    "package-forged",
    "an added leaf with an encryption key of the committer's, under the newcomer's name",
    async (scene) => {
      const own = await scene.suite.hpke.exportPublicKey((await scene.suite.hpke.generateKeyPair()).publicKey);
      return adding(scene, {}, (made) => ({ ...made, leafNode: { ...made.leafNode, hpkePublicKey: own } }));
    },
  ),
  attack("package-init-forged", "an added KeyPackage with an init key of the committer's", async (scene) => {
    const own = await scene.suite.hpke.exportPublicKey((await scene.suite.hpke.generateKeyPair()).publicKey);
    return adding(scene, {}, (made) => ({ ...made, initKey: own }));
  }),
  attack("package-poisoned", "an added leaf says it can no credential", (scene) =>
    adding(scene, { capabilities: { ...profile, credentials: [] } }),
  ),
];
