import { concatBytes, labelBytes, limits } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import { signedStatementCodec } from "@bulla/wire/identity";
import { expect, test } from "vitest";
import { type EnvelopeBody, openEnvelope, sealEnvelope } from "./envelope.ts";
import { encodeIdentity } from "./member-device.ts";
import type { Device } from "./testing/ground.fixture.ts";
import { answer, flipped, present } from "./testing/present.fixture.ts";
import { day, World } from "./testing/world.fixture.ts";

const world = new World();
const { primitives } = world;
const [alice, bob, mallory] = [await world.enrol("alice"), await world.enrol("bob"), await world.enrol("mallory")];
const chainOf = ({ me }: Device): readonly Uint8Array[] =>
  world.chainOf(me.handle).statements.map((statement) => encode(signedStatementCodec, statement));
const body: EnvelopeBody = {
  kind: "invitation",
  home: "home.example",
  keyPackage: primitives.random(64),
  space: primitives.random(16),
  chapter: { number: 1, key: primitives.random(32), previousEnd: primitives.random(32) },
  welcome: primitives.random(1600),
};

interface Sent {
  readonly as?: Device;
  readonly signedBy?: Device;
  readonly to?: Device;
  readonly sealedTo?: Device;
  readonly chain?: readonly Uint8Array[];
  readonly content?: EnvelopeBody;
}

async function seal({
  as = alice,
  signedBy = as,
  to = bob,
  sealedTo = to,
  chain = chainOf(as),
  content = body,
}: Sent = {}): Promise<Uint8Array> {
  return sealEnvelope(
    primitives,
    as.me,
    signedBy.secrets,
    chain,
    to.me,
    await primitives.xwingPublicKey(sealedTo.secrets.inboxSeed),
    day,
    content,
  );
}

const open = ({ me, secrets }: Device, envelope: Uint8Array): Promise<string> =>
  answer(() => openEnvelope(primitives, me, secrets, envelope));

test("an envelope brings sender, chain, day and invitation to the device it is for", async () => {
  const envelope = await seal();
  expect(limits.envelopeSizes).toContain(envelope.length);
  expect(await openEnvelope(primitives, bob.me, bob.secrets, envelope)).toEqual({
    sender: alice.me,
    chain: world.chainOf(alice.me.handle),
    day,
    body,
  });
});

test("an envelope with any bit flipped, cut short or made longer does not open, and all causes look alike", async () => {
  const envelope = await seal();
  const step = Math.floor(envelope.length / 40);
  for (let at = 0; at < envelope.length; at += step)
    expect(await open(bob, flipped(envelope, at))).toBe("core/open-failed");
  for (const changed of [
    envelope.subarray(1),
    envelope.subarray(0, -1),
    new Uint8Array([...envelope, 0]),
    new Uint8Array(),
    envelope.subarray(0, 1120),
  ])
    expect(await open(bob, changed)).toBe("core/open-failed");
});

test("an envelope for another device, or replayed to one, does not open", async () => {
  const phone = await world.enrolSecond(bob);
  expect(await open(mallory, await seal())).toBe("core/open-failed");
  expect(await open(phone, await seal())).toBe("core/open-failed");
  expect(await open(mallory, await seal({ sealedTo: mallory }))).toBe("core/open-failed");
  const renamed = { me: bob.me, secrets: mallory.secrets };
  expect(await open(renamed, await seal({ sealedTo: mallory }))).toBe("accepted");
});

test("an envelope in another's name, with another's chain, a broken chain or none does not open", async () => {
  expect(await open(bob, await seal({ signedBy: mallory }))).toBe("core/open-failed");
  expect(await open(bob, await seal({ chain: chainOf(mallory) }))).toBe("core/open-failed");
  expect(await open(bob, await seal({ chain: [] }))).toBe("core/open-failed");
  expect(await open(bob, await seal({ chain: chainOf(alice).map((link) => flipped(link, link.length - 1)) }))).toBe(
    "core/open-failed",
  );
});

test("an envelope of a device that its account revoked does not open", async () => {
  const carol = await world.enrol("carol");
  const phone = await world.enrolSecond(carol);
  expect(await open(bob, await seal({ as: phone }))).toBe("accepted");
  await world.revoke(carol, phone.me);
  expect(await open(bob, await seal({ as: phone }))).toBe("core/open-failed");
});

test("what does not fit the largest envelope is refused before it is sealed", async () => {
  expect((await seal({ content: { ...body, welcome: primitives.random(5000) } })).length).toBe(16384);
  expect(await answer(() => seal({ content: { ...body, welcome: primitives.random(14_000) } }))).toBe("wire/too-large");
});

/** What the recipient of an envelope can do with it: open it, change it, seal it again for anybody. */
async function resealed(
  envelope: Uint8Array,
  to: Device,
  change: (padded: Uint8Array) => Uint8Array = (padded) => padded,
): Promise<Uint8Array> {
  const box = { enc: envelope.subarray(0, 1120), ciphertext: envelope.subarray(1120) };
  const padded = await primitives.openHpke(bob.secrets.inboxSeed, labelBytes("envelope"), encodeIdentity(bob.me), box);
  const inboxKey = await primitives.xwingPublicKey(to.secrets.inboxSeed);
  const { enc, ciphertext } = await primitives.sealHpke(
    inboxKey,
    labelBytes("envelope"),
    encodeIdentity(to.me),
    change(present(padded)),
  );
  return concatBytes(enc, ciphertext);
}

test("an envelope that its recipient seals again for another device does not open there", async () => {
  const envelope = await seal();
  expect(await open(mallory, await resealed(envelope, mallory))).toBe("core/open-failed");
  expect(await open(bob, await resealed(envelope, bob))).toBe("accepted");
});

test("nothing hides in the padding of an envelope, and its length is not beyond its end", async () => {
  const envelope = await seal();
  expect(await open(bob, await resealed(envelope, bob, (padded) => flipped(padded, padded.length - 1)))).toBe(
    "core/open-failed",
  );
  expect(
    await open(bob, await resealed(envelope, bob, (padded) => concatBytes(Uint8Array.of(255), padded.subarray(1)))),
  ).toBe("core/open-failed");
  expect(await open(bob, await resealed(envelope, bob, (padded) => padded.subarray(0, 3)))).toBe("core/open-failed");
});
