import * as mls from "ts-mls";
import { bindingOf } from "../change.ts";
import { commitBinding } from "../commit-binding.ts";
import { encodeIdentity } from "../member-device.ts";
import { attack, type CommitAttack } from "./attack-scene.fixture.ts";
import { bindingFor, craftCommit, lenient, nextOf, resigned } from "./hostile-commit.fixture.ts";
import { add, bare, inline, keyPackage, removeOf, removing, withoutPath } from "./hostile-leaf.fixture.ts";
import { flipped, present, utf8 } from "./present.fixture.ts";

/** What a member's commit may hold, who may make it, and what it is bound to. */
export const memberCommitAttacks: readonly CommitAttack[] = [
  attack("group-context-extensions", "new group extensions, here an external sender", (scene) =>
    bare(scene, {
      proposalType: "group_context_extensions",
      groupContextExtensions: {
        extensions: [
          {
            extensionType: "external_senders",
            extensionData: mls.encodeExternalSender({
              signaturePublicKey: scene.world.primitives.ed25519PublicKey(scene.eve.secrets.leafSeed),
              credential: { credentialType: "basic", identity: encodeIdentity(scene.eve.me) },
            }),
          },
        ],
      },
    }),
  ),
  attack("reinit", "restart the group with other parameters", (scene) =>
    bare(scene, {
      proposalType: "reinit",
      reinit: { groupId: utf8("another"), version: "mls10", cipherSuite: scene.suite.name, extensions: [] },
    }),
  ),
  attack("psk", "mix in a key that only some know", async ({ mallory, suite, world }) => {
    const psks = mls.makePskIndex(undefined, { [mls.bytesToBase64(utf8("id"))]: world.primitives.random(32) });
    const proposals: mls.Proposal[] = [
      {
        proposalType: "psk",
        psk: {
          preSharedKeyId: { psktype: "external", pskId: utf8("id"), pskNonce: world.primitives.random(suite.kdf.size) },
        },
      },
    ];
    return {
      commit: await craftCommit(mallory, { proposals, pskIndex: psks }),
      psks,
      twin: { commit: await craftCommit(mallory) },
    };
  }),
  attack("custom-proposal", "a proposal of a private type", (scene) =>
    bare(scene, { proposalType: 0xf00d, proposalData: utf8("x") }),
  ),
  attack("free-proposal", "a proposal outside a commit", async (scene) => {
    const { message } = await mls.createProposal(
      lenient(scene.mallory),
      true,
      removeOf(scene),
      scene.suite,
      await bindingFor(scene.mallory),
    );
    return { commit: mls.encodeMlsMessage(message) };
  }),
  attack("private-commit", "a commit that cannot be inspected", async ({ mallory }) => ({
    commit: await craftCommit(mallory, { wireAsPublicMessage: false }),
  })),
  attack("by-reference", "a proposal by reference", async (scene) => {
    const twin = await removing(scene);
    return {
      ...twin,
      commit: await resigned(scene.mallory, twin.commit, ({ path }) => ({
        path,
        proposals: [{ proposalOrRefType: "reference", reference: new Uint8Array(64) }],
      })),
      twin,
    };
  }),
  attack("remove-no-path", "a Remove without a path: the removed could derive the next chapter", async (scene) => {
    const twin = await removing(scene);
    return { ...twin, commit: await resigned(scene.mallory, twin.commit, withoutPath), twin };
  }),
  attack("empty-no-path", "an empty commit without a path: rotates nothing", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    return { commit: await resigned(mallory, commit, withoutPath), twin: { commit } };
  }),
  attack("member-external-init", "ExternalInit in a member's commit", async ({ mallory, suite, eve, world }) => {
    const commit = await craftCommit(mallory);
    const { enc } = await suite.hpke.exportSecret(
      await suite.hpke.importPublicKey((await keyPackage(world, eve)).initKey),
      utf8("x"),
      32,
      new Uint8Array(),
    );
    return {
      commit: await resigned(
        mallory,
        commit,
        inline({ proposalType: "external_init", externalInit: { kemOutput: enc } }),
      ),
      twin: { commit },
    };
  }),
  attack("ghost-add", "an Add that no operation asks for", async (scene) =>
    bare(scene, add(await keyPackage(scene.world, scene.eve))),
  ),
  attack("ghost-remove", "a Remove that no operation asks for", async (scene) => bare(scene, removeOf(scene))),
  attack("stale-member", "an operation removes somebody, the commit does not", async (scene) => {
    const { operations } = await removing(scene);
    return { operations, commit: await craftCommit(scene.mallory, { operations }) };
  }),
  attack("add-and-remove", "Add and Remove at once: the removed would read who comes", async (scene) => {
    const operations = [
      await scene.mallory.addOperation(scene.eve, "member"),
      await scene.mallory.sign({ kind: "removeMember", handle: scene.alice.me.handle }),
    ];
    return {
      operations,
      commit: await craftCommit(scene.mallory, {
        operations,
        proposals: [removeOf(scene), add(await keyPackage(scene.world, scene.eve))],
      }),
    };
  }),
  attack("no-role", "a reader commits", async (scene) => {
    const { alice, bob, mallory } = scene;
    await alice.change({
      operations: [await alice.sign({ kind: "setRole", handle: mallory.me.handle, role: "reader" })],
    });
    for (const member of [bob, mallory]) await member.catchUp();
    return { commit: await craftCommit(mallory) };
  }),
  attack("guest-commit", "a guest commits", async (scene) => {
    const { alice, bob, mallory } = scene;
    await alice.change({
      operations: [await alice.sign({ kind: "setRole", handle: mallory.me.handle, role: "guest" })],
    });
    for (const member of [bob, mallory]) await member.catchUp();
    return { commit: await craftCommit(mallory) };
  }),
  attack(
    "borrowed-commit",
    "a commit of one device under the closing record of another",
    async ({ mallory, alice }) => ({ commit: await craftCommit(mallory), signedBy: alice.device }),
  ),
  attack("other-constitution", "bound to another constitution", async ({ mallory }) => {
    const { constitution } = mallory.chapter;
    return {
      commit: await craftCommit(mallory, {
        next: { ...constitution, number: constitution.number + 1, home: "evil.example" },
      }),
    };
  }),
  attack("other-head", "bound to another head", async ({ mallory, world }) => {
    const bound = bindingOf(world.primitives, await nextOf(mallory, {}), {
      ...mallory.cursor,
      head: new Uint8Array(32),
    });
    return { commit: await craftCommit(mallory, { authenticatedData: commitBinding(world.primitives, bound) }) };
  }),
  attack("unbound", "bound to nothing", async ({ mallory }) => ({
    commit: await craftCommit(mallory, { authenticatedData: new Uint8Array() }),
  })),
  attack("trailing-bytes", "bytes after the message", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    return { commit: new Uint8Array([...commit, 0]) };
  }),
  attack("forged-signature", "a commit that its sender did not sign", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    return { commit: flipped(commit, commit.length - 1), twin: { commit } };
  }),
  attack("forged-leaf", "a path leaf that its owner did not sign", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    const change = ({ proposals, path }: mls.Commit): mls.Commit => {
      const { leafNode, nodes } = present(path);
      return { proposals, path: { nodes, leafNode: { ...leafNode, signature: flipped(leafNode.signature, 0) } } };
    };
    return { commit: await resigned(mallory, commit, change), twin: { commit } };
  }),
  attack("short-path", "a path with a node too few", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    return {
      commit: await resigned(mallory, commit, ({ proposals, path }) => ({
        proposals,
        path: { leafNode: present(path).leafNode, nodes: present(path).nodes.slice(1) },
      })),
      twin: { commit },
    };
  }),
  attack("long-path", "a path with a node too many", async ({ mallory }) => {
    const commit = await craftCommit(mallory);
    const change = ({ proposals, path }: mls.Commit): mls.Commit => {
      const { leafNode, nodes } = present(path);
      return {
        proposals,
        path: {
          leafNode,
          nodes: [...nodes, { ...present(nodes[0]), hpkePublicKey: flipped(present(nodes[0]).hpkePublicKey, 0) }],
        },
      };
    };
    return { commit: await resigned(mallory, commit, change), twin: { commit } };
  }),
  attack("old-epoch", "a commit of an earlier chapter once more", async ({ alice, bob, mallory }) => {
    const commit = await craftCommit(mallory);
    await alice.rotate();
    for (const member of [bob, mallory]) await member.catchUp();
    return { commit, twin: { commit: await craftCommit(mallory) } };
  }),
];
