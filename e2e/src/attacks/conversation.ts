import type { OuterRecord, SignedRecord } from "@bulla/core";
import type { Lies } from "@bulla/testkit";
import { envelopePostCodec, routes } from "@bulla/wire/api";
import { decode } from "@bulla/wire/encoding";
import { type FileBody, type Forged, forge, openRecord, saysFiles, transferIn } from "./forge.ts";
import { type InnerSpace, type InnerView, lookInside, onlySpace, storedRecords } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import { type Person, type Received, Stage } from "./stage.ts";
import { product } from "./variant.ts";

export const note = "we land on tuesday";

/** A record of Alice's that Bob has not read yet, opened with his keys. */
export interface Unread {
  readonly outer: OuterRecord;
  readonly signed: SignedRecord;
  readonly body: FileBody;
}

/** Alice and Bob have talked; three more records of Alice wait for Bob, and a fourth that she wrote after she had seen those three in their stream. */
export interface Conversation {
  readonly inside: Inside;
  readonly stage: Stage;
  readonly alice: Person;
  readonly bob: Person;
  /** Bob before Alice wrote to him for the first time, and the envelope that she sent. */
  readonly newBob: Person;
  readonly invitation: Uint8Array;
  /** With whom Alice talks as well. */
  readonly carol: Person;
  readonly aliceInside: InnerView;
  readonly bobInside: InnerView;
  readonly space: InnerSpace;
  /** What the stream held when Bob last read it, in the end, and in between. */
  readonly read: readonly OuterRecord[];
  /** The opening, and the files that Alice sent first. */
  readonly first: readonly OuterRecord[];
  readonly whole: readonly OuterRecord[];
  readonly unread: readonly [Unread, Unread, Unread];
  readonly later: OuterRecord;
  /** Show a device these records as its stream while it receives. */
  show(person: Person, records: readonly OuterRecord[], inside?: Inside): Promise<Received>;
  forge(forged: Forged): Promise<OuterRecord>;
}

export async function startConversation(): Promise<Conversation> {
  const inside = await product();
  const stage = await Stage.open();
  const alice = await stage.person("alice");
  const bob = await stage.person("bob");
  const carol = await stage.person("carol");
  const newBob = await stage.copy(bob);
  // Until only the last-resort KeyPackage is left: the one that outlives its use.
  for (let i = 0; i < 24; i++) await fetch(`${stage.proxy.url}${routes.claims("bob")}`, { method: "POST" });
  await stage.send(alice, bob, await stage.file("hello.txt", "hello"));
  const posted = stage.proxy.seen.requests.find(
    ({ method, path }) => method === "POST" && /^\/v1\/accounts\/bob\/.*\/inbox$/.test(path),
  );
  if (posted === undefined) throw new Error("alice posted no envelope");
  const { envelope: invitation } = decode(envelopePostCodec, posted.body, { maxBytes: 32768 });
  await stage.send(alice, carol, await stage.file("secret.txt", "for carol only"));
  await stage.receive(bob);
  await stage.receive(carol);
  const bobView = await lookInside(inside, bob);
  const { stream } = onlySpace(bobView).chapter;
  await stage.use(alice, (client) => client.sent());
  const read = storedRecords(stage.dataFolder, stream.sid);
  const said = await Promise.all(read.map((outer) => saysFiles(inside, bobView.primitives, onlySpace(bobView), outer)));
  const pair = [await stage.file("invoice.txt", "pay 10"), await stage.file("reminder.txt", "pay 99999")];
  await stage.use(alice, async (client) => {
    await client.send({ source: { kind: "paths", paths: pair }, to: [bob.handle], note });
    for (const name of ["second.txt", "third.txt"])
      await client.send({ source: { kind: "paths", paths: [await stage.file(name, name)] }, to: [bob.handle] });
    await client.sent();
  });
  const withUnread = storedRecords(stage.dataFolder, stream.sid);
  await stage.send(alice, bob, await stage.file("later.txt", "later"));
  const whole = storedRecords(stage.dataFolder, stream.sid);
  const later = whole.at(-1);
  const bobInside = await lookInside(inside, bob);
  const space = onlySpace(bobInside);
  const unread: Unread[] = [];
  for (const outer of withUnread.slice(read.length)) {
    const signed = await openRecord(inside, bobInside.primitives, space, outer);
    unread.push({ outer, signed, body: transferIn(inside, signed.content) });
  }
  const [first, second, third] = unread;
  if (first === undefined || second === undefined || third === undefined || unread.length !== 3 || later === undefined)
    throw new Error(`there are ${unread.length} unread records`);
  return {
    inside,
    stage,
    alice,
    bob,
    newBob,
    invitation,
    carol,
    aliceInside: await lookInside(inside, alice),
    bobInside,
    space,
    read,
    first: read.slice(0, said.indexOf(true) + 1),
    whole,
    unread: [first, second, third],
    later,
    forge: (forged) => forge(inside, bobInside.primitives, space, forged),
    show: (person, records, by) => showing(stage, stream.sid, records, () => stage.receive(person, by)),
  };
}

/** Whatever the stream really holds, this is what clients are shown of it meanwhile. */
export async function showing<T>(
  stage: Stage,
  sid: Uint8Array,
  records: readonly OuterRecord[],
  work: () => Promise<T>,
  also: Lies = {},
  closed = false,
): Promise<T> {
  const shown = records.map((record) => ({ kind: "record" as const, ...record }));
  const hex = Buffer.from(sid).toString("hex");
  stage.proxy.lies = {
    ...also,
    records: (honest) =>
      honest.sid === hex ? { from: honest.from, records: shown.slice(honest.from), closed } : honest,
  };
  try {
    return await work();
  } finally {
    stage.proxy.lies = {};
  }
}
