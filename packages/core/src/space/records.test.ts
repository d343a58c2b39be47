import { parseHandle } from "@bulla/wire";
import { describe, expect, test } from "vitest";
import { streamSecrets } from "./chapter-keys.ts";
import { memberOf } from "./constitution.ts";
import { unwrapRecord, wrapRecord } from "./outer-record.ts";
import type { ReadOutcome } from "./read-record.ts";
import { sealLasting } from "./say.ts";
import { maxContentBytes, sealSignedRecord } from "./signed-record.ts";
import { craft, rawRecord, resealed, rewrapped } from "./testing/craft.fixture.ts";
import { catchUpAll, type Member } from "./testing/member.fixture.ts";
import { answer, present, utf8 } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

const trio = async (): Promise<[Member, Member, Member]> =>
  (await new World().group(["alice", "bob", "carol"])) as [Member, Member, Member];
const last = ({ outcomes }: Member): ReadOutcome => present(outcomes.at(-1));
const refused = { kind: "refused", code: "space/refused-record" };

describe("a lasting record", () => {
  test("names its author, and counts from one record to the next", async () => {
    const [alice, bob] = await trio();
    const { next } = present(alice.cursor.authors.find(({ device }) => device === alice.me) ?? { next: 1 });
    const [one, two] = [await alice.seal("one"), await alice.seal("two", 1)];
    for (const record of [one, two]) alice.append(record);
    await bob.catchUp();
    expect(bob.outcomes.slice(-2)).toMatchObject([
      { kind: "said", author: alice.me, counter: next, gap: false },
      { kind: "said", author: alice.me, counter: next + 1, gap: false },
    ]);
  });

  test("shows a gap when an earlier record of its author is missing", async () => {
    const [alice, bob] = await trio();
    alice.append(await alice.seal("one"));
    alice.append(await alice.seal("three", 2));
    await bob.catchUp();
    expect(bob.outcomes.slice(-2)).toMatchObject([
      { kind: "said", gap: false },
      { kind: "said", gap: true },
    ]);
  });

  test("is dropped when it is shown again in another wrap", async () => {
    const [alice, bob, carol] = await trio();
    const record = await alice.seal("once");
    alice.append(record);
    await carol.catchUp();
    carol.append(await rewrapped(carol, record));
    carol.append(await resealed(carol, record));
    await bob.catchUp();
    expect(bob.outcomes.slice(-2)).toEqual([{ kind: "nothing" }, { kind: "nothing" }]);
    expect(bob.lines).toEqual(["alice: once"]);
  });

  test("is refused when it says something else under a used counter", async () => {
    const [alice, bob] = await trio();
    for (const words of ["this", "that"]) alice.append(await alice.seal(words));
    await bob.catchUp();
    expect(last(bob)).toEqual({ ...refused, overtaken: true });
    expect(bob.lines).toEqual(["alice: this"]);
  });

  test("is refused in the name of another member, of another of its devices, and of a stranger", async () => {
    const [alice, bob, carol] = await trio();
    const stranger = await alice.world.enrol("mallory");
    const second = await alice.world.enrolSecond(alice.device);
    for (const author of [alice.me, stranger.me, second.me]) {
      carol.append(await craft(carol, { author }));
      await bob.catchUp();
      expect(last(bob)).toEqual(refused);
    }
    expect(bob.cursor.authors.some(({ device }) => device.handle === stranger.me.handle)).toBe(false);
  });

  test("control: the same crafted record in its own author's name is read", async () => {
    const [, bob, carol] = await trio();
    carol.append(await craft(carol, {}));
    await bob.catchUp();
    expect(last(bob)).toMatchObject({ kind: "said", author: carol.me });
  });

  test("is refused when it was moved from another space, chapter or retry, or turned into another kind", async () => {
    const [alice, bob] = await trio();
    const { primitives } = alice.world;
    const { chapter } = alice;
    for (const place of [
      { space: primitives.random(16) },
      { number: chapter.number + 1 },
      { retry: 1 },
      { context: primitives.random(32) },
    ]) {
      const record = await craft(alice, {}, { ...chapter, ...place, kind: "lasting" });
      alice.append(record);
      await bob.catchUp();
      expect(last(bob).kind).toBe("refused");
    }
    const complaint = await craft(alice, {}, { ...chapter, kind: "complaint" });
    const opened = await unwrapRecord(primitives, chapter.stream, complaint);
    alice.append(await wrapRecord(primitives, chapter.stream, { kind: "lasting", sealed: opened.sealed }));
    await bob.catchUp();
    expect(last(bob)).toEqual({ kind: "refused", code: "core/open-failed" });
  });

  test("is refused when it was only wrapped for another retry stream, though its seal is opened by the same chapter key", async () => {
    const [alice, bob] = await trio();
    const { primitives } = alice.world;
    const retry = streamSecrets(primitives, alice.chapter.key, 1);
    alice.append(
      await sealSignedRecord(
        primitives,
        retry,
        { ...alice.chapter, kind: "lasting" },
        alice.device.secrets,
        { author: alice.me, counter: 9, seen: 0, head: alice.cursor.head },
        utf8("x"),
      ),
    );
    await bob.catchUp();
    expect(last(bob)).toEqual({ kind: "refused", code: "core/open-failed" });
  });

  test("may not come from a reader", async () => {
    const world = new World();
    const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
    const operation = await alice.sign({ kind: "setRole", handle: bob.me.handle, role: "reader" });
    await alice.change({ operations: [operation] });
    await bob.catchUp();
    expect(memberOf(alice.chapter.constitution, bob.me.handle)?.role).toBe("reader");
    bob.append(await bob.seal("let me speak"));
    await catchUpAll(alice, bob);
    expect(last(alice)).toEqual(refused);
    expect(alice.lines).toEqual([]);
  });

  test("of the largest size fits whoever its author is", async () => {
    const world = new World();
    const longest = parseHandle(
      `${"a".repeat(64)}@${["b", "c", "d"].map((letter) => letter.repeat(63)).join(".")}.${"e".repeat(57)}.${"f".repeat(3)}:65535`,
    );
    const alice = await world.found(await world.enrol(longest));
    const cursor = { ...alice.cursor, position: 2 ** 40, authors: [{ device: alice.me, next: 2 ** 31, seen: 0 }] };
    const content = new Uint8Array(maxContentBytes);
    await sealLasting(world.primitives, alice.me, alice.device.secrets, alice.chapter, cursor, 0, content);
    expect(
      await answer(() =>
        sealLasting(
          world.primitives,
          alice.me,
          alice.device.secrets,
          alice.chapter,
          cursor,
          0,
          new Uint8Array(maxContentBytes + 1),
        ),
      ),
    ).toBe("wire/too-large");
  });

  test("cannot stop its readers with a counter that nothing can follow", async () => {
    const [alice, bob] = await trio();
    alice.append(
      await craft(alice, { counter: Number.MAX_SAFE_INTEGER }).catch(() => alice.seal("the seal refuses it already")),
    );
    alice.append(await craft(alice, { counter: 0xffff_ffff }));
    await bob.catchUp();
    bob.restart();
    bob.append(await bob.seal("still here"));
    await bob.catchUp();
    expect(bob.lines.at(-1)).toBe("bob: still here");
  });
});

describe("the head that a record names", () => {
  test("shows a fork when it differs from the reader's own", async () => {
    const [alice, bob] = await trio();
    alice.append(await craft(alice, { head: alice.world.primitives.random(32) }));
    await bob.catchUp();
    expect(last(bob)).toEqual({ kind: "fork", author: alice.me, position: alice.cursor.position });
    expect(bob.standing).toBe("forked");
  });

  test("shows a fork at an earlier position as well, and none where it is right", async () => {
    const [alice, bob, carol] = await trio();
    await alice.say("one");
    await carol.catchUp();
    carol.append(await craft(carol, { seen: 1, head: present(carol.heads[1]) }));
    await bob.catchUp();
    expect(last(bob).kind).toBe("said");
    carol.append(await craft(carol, { seen: 2, head: present(carol.heads[1]), counter: 1 }));
    await bob.catchUp();
    expect(last(bob)).toMatchObject({ kind: "fork", position: 2 });
  });

  test("shows that the service withholds a record, as soon as somebody who saw it speaks", async () => {
    const [alice, bob, carol] = await trio();
    await alice.say("withheld from bob");
    await carol.say("after it");
    const stream = present([...alice.world.service.streams.values()].at(-1));
    stream.entries = stream.entries.filter((_, index) => index !== stream.entries.length - 2);
    await bob.catchUp();
    expect(last(bob)).toMatchObject({ kind: "fork", author: carol.me });
  });

  test("may not go back behind what its author had seen before", async () => {
    const [alice, bob] = await trio();
    await alice.say("one");
    alice.append(await craft(alice, { seen: 0, head: present(alice.heads[0]) }));
    await bob.catchUp();
    expect(last(bob)).toEqual({ ...refused, overtaken: true });
  });

  test("can still be compared when records before it have expired", async () => {
    const [alice, bob, carol] = await trio();
    await alice.say("short-lived");
    alice.world.service.expire(alice.sid, alice.cursor.position - 1);
    await carol.catchUp();
    expect(last(carol)).toEqual({ kind: "expired" });
    await carol.say("after it");
    await catchUpAll(alice, bob);
    expect(carol.cursor.head).toEqual(alice.cursor.head);
    expect(bob.cursor.head).toEqual(alice.cursor.head);
    expect(alice.lines).toEqual(["alice: short-lived", "carol: after it"]);
  });
});

describe("fleeting records", () => {
  test("open out of order, name their author, and their own author skips them", async () => {
    const [alice, bob] = await trio();
    const [one, two, three] = [await alice.whisper("one"), await alice.whisper("two"), await alice.whisper("three")];
    for (const record of [three, one, two]) alice.append(record);
    await catchUpAll(bob, alice);
    expect(bob.lines).toEqual(["alice~ three", "alice~ one", "alice~ two"]);
    expect(alice.outcomes.slice(-3)).toEqual([{ kind: "nothing" }, { kind: "nothing" }, { kind: "nothing" }]);
  });

  test("open once", async () => {
    const [alice, bob, carol] = await trio();
    const record = await alice.whisper("once");
    alice.append(record);
    carol.append(await rewrapped(carol, record));
    await bob.catchUp();
    expect(bob.lines).toEqual(["alice~ once"]);
    expect(last(bob)).toEqual({ kind: "refused", code: "core/open-failed" });
  });

  test("of an earlier chapter are refused in the next", async () => {
    const [alice, bob] = await trio();
    const record = await alice.whisper("late");
    const { sealed } = await unwrapRecord(alice.world.primitives, alice.chapter.stream, record);
    await alice.rotate();
    alice.append(await wrapRecord(alice.world.primitives, alice.chapter.stream, { kind: "fleeting", sealed }));
    await bob.catchUp();
    expect(last(bob)).toEqual({ kind: "refused", code: "core/open-failed" });
  });

  test("made from one state twice never use a key that was wiped", async () => {
    const [alice, bob] = await trio();
    const before = alice.chapter;
    await alice.whisper("never sent");
    alice.chapter = before;
    alice.append(await alice.whisper("from the same state"));
    await bob.catchUp();
    expect(bob.lines).toEqual(["alice~ from the same state"]);
  });

  test("leave the state that read them as it was: reading again from the store opens them again", async () => {
    const [alice, bob] = await trio();
    alice.append(await alice.whisper("one"));
    await bob.catchUp();
    const [stored, cursor] = [bob.chapter, bob.cursor];
    alice.append(await alice.whisper("two"));
    await bob.catchUp();
    Object.assign(bob, { chapter: stored, cursor });
    await bob.catchUp();
    expect(bob.lines).toEqual(["alice~ one", "alice~ two", "alice~ two"]);
  });
});

test("garbage of every shape under the right keys is refused, and the stream goes on", async () => {
  const [alice, bob] = await trio();
  const { primitives } = alice.world;
  const { stream } = alice.chapter;
  for (const length of [0, 1, 4, 5, 100]) alice.append(await rawRecord(alice, primitives.random(length)));
  alice.append({ recordId: primitives.random(16), body: primitives.random(1024) });
  for (const kind of ["lasting", "fleeting", "part", "closing", "opening", "complaint"] as const) {
    for (const length of [0, 31, 64, 80, 300])
      alice.append(await wrapRecord(primitives, stream, { kind, sealed: primitives.random(length) }));
  }
  const before = bob.outcomes.length;
  await bob.catchUp();
  expect(bob.outcomes).toHaveLength(before + 36);
  for (const outcome of bob.outcomes.slice(before)) expect(outcome.kind).toBe("refused");
  await bob.say("going on");
  expect(bob.lines).toEqual(["bob: going on"]);
});

test("a record of a member whose chain differs from the one that the space names raises the alarm, and is read once that is settled", async () => {
  const [alice, bob] = await trio();
  await alice.say("hello");
  const other = new World();
  await other.enrol("alice");
  const { book } = bob;
  bob.book = { chainOf: (handle) => (handle === alice.me.handle ? other.chainOf(handle) : book.chainOf(handle)) };
  expect(await answer(() => bob.read())).toBe("identity/pin-mismatch");
  expect(bob.lines).toEqual([]);
  bob.book = book;
  await bob.catchUp();
  expect(bob.lines).toEqual(["alice: hello"]);
});
