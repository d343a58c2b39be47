import { hexOf } from "@bulla/wire";
import * as mls from "ts-mls";
import { extractWelcomeSecret, signGroupInfo } from "ts-mls/groupInfo.js";
import type { GroupSecrets } from "ts-mls/groupSecrets.js";
import { encryptGroupInfo, encryptGroupSecrets } from "ts-mls/welcome.js";
import { beforeAll, describe, expect, test } from "vitest";
import { type CommittedGroup, capabilities } from "./group.ts";
import { enterEpoch, joinByWelcome, type OpenedWelcome, openWelcome } from "./join-by-welcome.ts";
import { joinExternally } from "./join-externally.ts";
import { decodeExactly } from "./mls-message.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { everybody, type RawDevice, RawGroup } from "./testing/raw-group.fixture.ts";

let raw: RawGroup;
let alice: RawDevice;
let gone: RawDevice;
let newcomer: RawDevice;
/** Removes one and adds one, so that it has a path and the Welcome a path secret. */
let added: CommittedGroup;

beforeAll(async () => {
  raw = await RawGroup.found(5, "join rules");
  for (const device of raw.devices) await raw.rotate(device);
  alice = present(raw.devices.find((device) => raw.indexOf(device) === 0));
  gone = present(raw.devices.find((device) => raw.indexOf(device) === 3));
  newcomer = await raw.device();
  const { publicPackage } = newcomer.pair;
  added = await raw.commit(alice, { remove: [3], add: [publicPackage] });
});

async function opened(): Promise<OpenedWelcome> {
  return openWelcome(raw.primitives.mls, welcomeOf(added), newcomer.pair);
}

function welcomeOf({ welcome }: CommittedGroup): mls.Welcome {
  const message = decodeExactly(present(welcome));
  if (message.wireformat !== "mls_welcome") throw new Error("the test expected a Welcome");
  return message.welcome;
}

interface Lie {
  readonly info?: Partial<mls.GroupInfo>;
  readonly context?: Partial<mls.GroupContext>;
  readonly secrets?: Partial<GroupSecrets>;
  readonly signer?: RawDevice;
}

/** A Welcome as the committer could also have made it. */
async function lyingWelcome({ info = {}, context = {}, secrets = {}, signer = alice }: Lie): Promise<Uint8Array> {
  const suite = raw.primitives.mls;
  const { info: honest, joinerSecret, pathSecret } = await opened();
  const signed = await signGroupInfo(
    { ...honest, groupContext: { ...honest.groupContext, ...context }, ...info },
    signer.secrets.leafSeed,
    suite.signature,
  );
  const welcomeSecret = await extractWelcomeSecret(joinerSecret, new Uint8Array(suite.kdf.size), suite.kdf);
  const encryptedGroupInfo = await encryptGroupInfo(signed, welcomeSecret, suite);
  const initKey = await suite.hpke.importPublicKey(newcomer.pair.publicPackage.initKey);
  const groupSecrets = { joinerSecret, pathSecret, psks: [], ...secrets };
  const { enc, ct } = await encryptGroupSecrets(initKey, encryptedGroupInfo, groupSecrets, suite.hpke);
  const [{ newMember } = { newMember: new Uint8Array() }] = welcomeOf(added).secrets;
  const welcome: mls.Welcome = {
    cipherSuite: suite.name,
    secrets: [{ newMember, encryptedGroupSecrets: { kemOutput: enc, ciphertext: ct } }],
    encryptedGroupInfo,
  };
  return mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome });
}

const join = (welcome: Uint8Array): Promise<string> =>
  answer(() => joinByWelcome(raw.primitives, welcome, newcomer.pair, added.group.state.ratchetTree, everybody));

const psk: mls.PreSharedKeyID = {
  psktype: "external",
  pskId: new Uint8Array(4),
  pskNonce: new Uint8Array(64),
};

describe("a Welcome made by hand", () => {
  test("control: with nothing but the truth in it lets the newcomer in, with the keys of all above it", async () => {
    expect((await opened()).pathSecret).toBeDefined();
    expect(await join(await lyingWelcome({}))).toBe("accepted");
    const group = await raw.welcomed(newcomer, added);
    const others = [...(await raw.applied(added.commit, [alice, gone])).values()];
    const secrets = await Promise.all([group, added.group, ...others].map((one) => raw.secretOf(one)));
    expect(new Set(secrets.map(hexOf)).size).toBe(1);
    const { privateKeys } = group.state.privatePath;
    const [other] = others;
    const root = (group.state.ratchetTree.length - 1) / 2;
    expect(privateKeys[root]).toEqual(present(other).state.privatePath.privateKeys[root]);
  });

  const lies: readonly (readonly [string, string, () => Lie])[] = [
    ["a pre-shared key", "welcome", () => ({ secrets: { psks: [psk] } })],
    ["a path secret that does not fit the tree", "welcome", () => ({ secrets: { pathSecret: new Uint8Array(64) } })],
    ["another joiner secret", "welcome", () => ({ secrets: { joinerSecret: new Uint8Array(64) } })],
    ["another confirmation tag", "welcome", () => ({ info: { confirmationTag: new Uint8Array(64) } })],
    ["another epoch", "welcome", () => ({ context: { epoch: 77n } })],
    ["another tree hash", "opening", () => ({ context: { treeHash: new Uint8Array(64) } })],
    ["another group", "opening", () => ({ context: { groupId: new Uint8Array(16).fill(9) } })],
    [
      "an extension of the group",
      "opening",
      () => ({ context: { extensions: [{ extensionType: 9, extensionData: psk.pskNonce }] } }),
    ],
    [
      "another suite of the group",
      "opening",
      () => ({ context: { cipherSuite: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" } }),
    ],
    ["a signer that did not sign", "opening", () => ({ info: { signer: 1 } })],
    ["a signer that is no leaf", "opening", () => ({ info: { signer: 2 ** 32 - 1 } })],
    ["the newcomer as its signer", "welcome", () => ({ info: { signer: 3 }, signer: newcomer })],
  ];
  for (const [name, area, lie] of lies)
    test(`with ${name} is refused`, async () => {
      expect(await join(await lyingWelcome(lie()))).toBe(`space/refused-${area}`);
    });

  test("of another suite, or for another KeyPackage, is refused", async () => {
    const suite = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
    const welcome = { ...welcomeOf(added), cipherSuite: suite } as const;
    const encoded = mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome });
    expect(await join(encoded)).toBe("space/refused-welcome");
    const stranger = await raw.device();
    expect(await answer(() => raw.welcomed(stranger, added))).toBe("space/refused-welcome");
  });

  test("with a tree that the newcomer is not in is refused", async () => {
    const tree = raw.groupOf(alice).state.ratchetTree;
    const read = await opened();
    expect(await answer(() => enterEpoch(raw.primitives.mls, read, newcomer.pair, tree))).toBe("space/refused-welcome");
  });
});

/** Alice's GroupInfo, changed and signed anew. */
async function infoWith(change: (info: mls.GroupInfo) => Partial<mls.GroupInfo>): Promise<mls.GroupInfo> {
  const info = await raw.groupInfo(alice);
  return signGroupInfo({ ...info, ...change(info) }, alice.secrets.leafSeed, raw.primitives.mls.signature);
}

const external = (data: Uint8Array): mls.Extension => ({ extensionType: "external_pub", extensionData: data });
const isExternal = ({ extensionType }: mls.Extension): boolean => extensionType === "external_pub";

describe("an external join", () => {
  const tried = async (info: mls.GroupInfo, authority = everybody): Promise<string> => {
    const { me, pair } = await raw.device();
    return answer(() => joinExternally(raw.primitives, info, pair, me, new Uint8Array(), authority));
  };

  test("control: goes through with a GroupInfo that was signed anew", async () => {
    expect(await tried(await infoWith(() => ({})))).toBe("accepted");
  });

  const lies: readonly (readonly [string, (info: mls.GroupInfo) => Partial<mls.GroupInfo>])[] = [
    ["no external_pub", ({ extensions }) => ({ extensions: extensions.filter((it) => !isExternal(it)) })],
    ["two external_pubs", ({ extensions }) => ({ extensions: [...extensions, ...extensions.filter(isExternal)] })],
    [
      "an external_pub that is no key",
      ({ extensions }) => ({
        extensions: [...extensions.filter((it) => !isExternal(it)), external(new Uint8Array(9))],
      }),
    ],
    ["no tree", ({ extensions }) => ({ extensions: extensions.filter(isExternal) })],
    [
      "an extension of the group",
      ({ groupContext }) => ({ groupContext: { ...groupContext, extensions: [external(new Uint8Array())] } }),
    ],
    ["another tree hash", ({ groupContext }) => ({ groupContext: { ...groupContext, treeHash: new Uint8Array(64) } })],
    ["another signer", () => ({ signer: 1 })],
  ];
  for (const [name, change] of lies)
    test(`with ${name} is refused`, async () => {
      expect(await tried(await infoWith(change))).toBe("space/refused-opening");
    });

  test("with a GroupInfo that nobody signed is refused", async () => {
    const info = await raw.groupInfo(alice);
    expect(await tried({ ...info, signature: flipped(info.signature, 3) })).toBe("space/refused-opening");
  });

  test("into a group with a leaf that no account certifies is refused", async () => {
    expect(await tried(await infoWith(() => ({})), () => false)).toBe("space/refused-opening");
  });
});

describe("a group with a leaf outside of our profile", () => {
  const able = capabilities();
  const strange: readonly (readonly [string, mls.Capabilities, mls.Extension[]])[] = [
    ["that does not know our suite", { ...able, ciphersuites: [] }, []],
    ["that does not know our version", { ...able, versions: [] }, []],
    ["with an extension", { ...able, extensions: [9] }, [{ extensionType: 9, extensionData: new Uint8Array(1) }]],
  ];
  test("control: lets a newcomer in where the leaf is like ours", async () => {
    expect(await bothWays(able, [])).toEqual(["accepted", "accepted"]);
  });
  for (const [name, can, extensions] of strange)
    test(`${name} lets nobody in`, async () => {
      const refused = "space/refused-opening";
      expect(await bothWays(can, extensions)).toEqual([refused, refused]);
    });

  /** A member lets an accomplice with such a leaf in; then it offers the group to an honest newcomer. */
  async function bothWays(can: mls.Capabilities, extensions: mls.Extension[]): Promise<readonly string[]> {
    const branch = await RawGroup.found(2);
    const [host] = branch.devices;
    const { secrets } = await branch.device();
    const keys = { signKey: secrets.leafSeed, publicKey: branch.primitives.ed25519PublicKey(secrets.leafSeed) };
    const { credential } = present(host).pair.publicPackage.leafNode;
    const always = { notBefore: 0n, notAfter: 2n ** 40n };
    const { publicPackage } = await mls.generateKeyPackageWithKey(
      credential,
      can,
      always,
      [],
      keys,
      branch.primitives.mls,
      extensions,
    );
    const honest = await branch.device();
    const added = await branch.commit(present(host), { add: [publicPackage] });
    branch.members = new Map([[present(host), added.group]]);
    const invited = await branch.commit(present(host), { add: [honest.pair.publicPackage] });
    return [
      await answer(() => branch.welcomed(honest, invited)),
      await answer(async () => branch.externalCommit(honest, await branch.groupInfo(present(host)))),
    ];
  }
});
