import { createMlsSuite } from "@bulla/client/crypto";
import { equalBytes, utf8 } from "@bulla/wire";
import {
  acceptAll,
  type CiphersuiteImpl,
  type ClientState,
  type CreateCommitResult,
  createCommit,
  createGroup,
  emptyPskIndex,
  generateKeyPackage,
  joinGroup,
  type Proposal,
  processMessage,
} from "ts-mls";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { describe, expect, test } from "vitest";

const suites = [
  createMlsSuite("MLS_256_XWING_AES256GCM_SHA512_Ed25519"),
  createMlsSuite("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"),
];
const noSecret = (suite: CiphersuiteImpl): Uint8Array => new Uint8Array(suite.kdf.size);

describe.each(suites)("ts-mls with $name", (suite) => {
  test("a removed member cannot derive the next epoch from what it holds", async () => {
    const { alice, bob, carol } = await group(suite);
    const removed = await commit(suite, alice, [{ proposalType: "remove", remove: { removed: 2 } }]);
    const guess = await initializeEpoch(
      carol.keySchedule.initSecret,
      noSecret(suite),
      removed.newState.groupContext,
      noSecret(suite),
      suite.kdf,
    );
    expect(equalBytes(guess.keySchedule.exporterSecret, removed.newState.keySchedule.exporterSecret)).toBe(false);
    expect(
      equalBytes(
        (await follow(suite, bob, removed)).keySchedule.exporterSecret,
        removed.newState.keySchedule.exporterSecret,
      ),
    ).toBe(true);
  });

  test("control: an old member does derive the epoch of a commit that has no path", async () => {
    const { alice, carol } = await group(suite);
    const added = await commit(suite, alice, [await addOf(suite, "dave")]);
    expect(pathOf(added)).toBeUndefined();
    const guess = await initializeEpoch(
      carol.keySchedule.initSecret,
      noSecret(suite),
      added.newState.groupContext,
      noSecret(suite),
      suite.kdf,
    );
    expect(equalBytes(guess.keySchedule.exporterSecret, added.newState.keySchedule.exporterSecret)).toBe(true);
  });

  test("a removed member that is handed the commit does not become part of the next epoch", async () => {
    const { alice, carol } = await group(suite);
    const removed = await commit(suite, alice, [{ proposalType: "remove", remove: { removed: 2 } }]);
    const after = await follow(suite, carol, removed);
    expect(after.groupActiveState.kind).toBe("removedFromGroup");
    expect(equalBytes(after.keySchedule.exporterSecret, removed.newState.keySchedule.exporterSecret)).toBe(false);
  });

  test.each([
    { what: "one Remove", removed: [2] },
    { what: "two Removes", removed: [1, 2] },
    { what: "nothing", removed: [] },
  ])("a commit of $what has a path", async ({ removed }) => {
    const { alice } = await group(suite);
    const proposals = removed.map((leaf): Proposal => ({ proposalType: "remove", remove: { removed: leaf } }));
    expect(pathOf(await commit(suite, alice, proposals))).toBeDefined();
  });

  test("a commit of a Remove and an Add has a path", async () => {
    const { alice } = await group(suite);
    const proposals: Proposal[] = [{ proposalType: "remove", remove: { removed: 1 } }, await addOf(suite, "dave")];
    expect(pathOf(await commit(suite, alice, proposals))).toBeDefined();
  });
});

async function group(suite: CiphersuiteImpl): Promise<Record<"alice" | "bob" | "carol", ClientState>> {
  const [a, b, c] = await Promise.all([person(suite, "alice"), person(suite, "bob"), person(suite, "carol")]);
  const founded = await createGroup(utf8("group"), a.publicPackage, a.privatePackage, [], suite);
  const added = await createCommit(
    { state: founded, cipherSuite: suite },
    {
      ratchetTreeExtension: true,
      extraProposals: [b, c].map((one) => ({ proposalType: "add", add: { keyPackage: one.publicPackage } })),
    },
  );
  const { welcome } = added;
  if (welcome === undefined) throw new Error("the commit made no Welcome");
  const join = (one: typeof b): Promise<ClientState> =>
    joinGroup(welcome, one.publicPackage, one.privatePackage, emptyPskIndex, suite);
  return { alice: added.newState, bob: await join(b), carol: await join(c) };
}

function person(suite: CiphersuiteImpl, name: string): ReturnType<typeof generateKeyPackage> {
  return generateKeyPackage(
    { credentialType: "basic", identity: utf8(name) },
    { versions: ["mls10"], ciphersuites: [suite.name], extensions: [], proposals: [], credentials: ["basic"] },
    { notBefore: 0n, notAfter: 2n ** 63n },
    [],
    suite,
  );
}

async function addOf(suite: CiphersuiteImpl, name: string): Promise<Proposal> {
  return { proposalType: "add", add: { keyPackage: (await person(suite, name)).publicPackage } };
}

function commit(suite: CiphersuiteImpl, state: ClientState, extraProposals: Proposal[]): Promise<CreateCommitResult> {
  return createCommit({ state, cipherSuite: suite }, { wireAsPublicMessage: true, extraProposals });
}

async function follow(
  suite: CiphersuiteImpl,
  state: ClientState,
  { commit }: CreateCommitResult,
): Promise<ClientState> {
  if (commit.wireformat !== "mls_public_message") throw new Error("the commit is not public");
  return (await processMessage(commit, state, emptyPskIndex, acceptAll, suite)).newState;
}

function pathOf({ commit }: CreateCommitResult): unknown {
  if (commit.wireformat !== "mls_public_message" || commit.publicMessage.content.contentType !== "commit")
    throw new Error("not a public commit");
  return commit.publicMessage.content.commit.path;
}
