import { hexOf } from "@bulla/wire";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { expect, test } from "vitest";
import { type Chapter, noNewReaders, suspendedDevices } from "./chapter.ts";
import { leavesOf } from "./group.ts";
import { catchUpAll, type Member, placeOf } from "./testing/member.fixture.ts";
import { answer, present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

const samePlace = (...members: readonly Member[]): void => expect(new Set(members.map(placeOf)).size).toBe(1);

test("a space is founded, grows, talks, rotates, and all of its members are at the same place", async () => {
  const world = new World();
  const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"])) as [Member, Member, Member];
  await alice.say("hello");
  await catchUpAll(bob, carol);
  expect(await bob.rotate()).toBe(true);
  await catchUpAll(alice, carol);
  samePlace(alice, bob, carol);
  await carol.say("new keys");
  await catchUpAll(alice, bob);
  for (const member of [alice, bob, carol]) expect(member.lines).toEqual(["alice: hello", "carol: new keys"]);
  expect(alice.ends.at(-1)).toMatchObject({ kind: "next", own: false, by: bob.me });
});

test("of two racing commits one wins; the loser follows it and tries again", async () => {
  const world = new World();
  const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"])) as [Member, Member, Member];
  for (const [first, second] of [
    [alice, bob],
    [bob, alice],
  ] as const) {
    await first.prepare();
    await second.prepare();
    expect(await first.send()).toBe("stored");
    expect(await second.send()).toBe("closed");
    await catchUpAll(second, first, carol);
    expect(second.ends.at(-1)).toMatchObject({ kind: "next", own: false, by: first.me });
    expect(await second.rotate()).toBe(true);
    await catchUpAll(first, carol);
    samePlace(alice, bob, carol);
  }
  expect(alice.chapter.number).toBe(5);
});

test("a committer that dies after its closing record holds nobody up, and finds itself there when it restarts", async () => {
  const world = new World();
  const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"])) as [Member, Member, Member];
  await alice.prepare();
  await alice.send();
  await catchUpAll(bob, carol);
  await bob.say("alice is away");
  await carol.catchUp();
  expect(carol.lines).toEqual(["bob: alice is away"]);
  expect(bob.outcomes).toContainEqual({ kind: "opening", valid: true });
  alice.restart();
  expect(await alice.send()).toBe("duplicate");
  await alice.catchUp();
  expect(alice.ends.at(-1)).toMatchObject({ kind: "next", own: true });
  samePlace(alice, bob, carol);
});

test("a committer that dies before its closing record changed nothing", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const { parts } = await alice.prepare();
  for (const record of parts) alice.append(record);
  expect(await bob.rotate()).toBe(true);
  await alice.catchUp();
  samePlace(alice, bob);
});

test("every step survives a restart: chapter, cursor and pending change come back from the store the same", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  alice.forgetful = bob.forgetful = true;
  const dave = await world.enrol("dave");
  const published = await world.publish(dave);
  const [joined] = await alice.add([{ device: dave, published, role: "member" }]);
  await bob.say("one");
  await present(joined).say("two");
  alice.append(await alice.whisper("three"));
  await catchUpAll(bob, present(joined), alice);
  expect(await bob.rotate()).toBe(true);
  await catchUpAll(alice, present(joined));
  samePlace(alice, bob, present(joined));
  expect(bob.lines).toEqual(["bob: one", "dave: two", "alice~ three"]);
});

test("a reader one chapter behind reads the chapter to its end, then follows", async () => {
  const world = new World();
  const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"])) as [Member, Member, Member];
  await alice.say("one");
  alice.append(await alice.whisper("two"));
  await bob.catchUp();
  await bob.rotate();
  await bob.say("three");
  await bob.rotate();
  await carol.catchUp();
  await alice.catchUp();
  samePlace(alice, bob, carol);
  expect(carol.lines).toEqual(["alice: one", "alice~ two", "bob: three"]);
});

/** What somebody who was removed can try: the init secret that it still holds, with the commit secret of a commit without a path. */
async function guessedExporter(removed: Chapter, next: Chapter, world: World): Promise<boolean> {
  const { kdf } = world.primitives.mls;
  const zeros = new Uint8Array(kdf.size);
  const guess = await initializeEpoch(
    present(removed.group).state.keySchedule.initSecret,
    zeros,
    present(next.group).state.groupContext,
    zeros,
    kdf,
  );
  return hexOf(guess.keySchedule.exporterSecret) === hexOf(present(next.group).state.keySchedule.exporterSecret);
}

test("a removed member cannot process the closing and cannot derive the next chapter", async () => {
  const world = new World();
  const [alice, bob, carol, mallory] = (await world.group(["alice", "bob", "carol", "mallory"])) as [
    Member,
    Member,
    Member,
    Member,
  ];
  const before = mallory.chapter;
  expect(await alice.remove(mallory.me.handle)).toBe(true);
  await catchUpAll(bob, carol, mallory);
  samePlace(alice, bob, carol);
  expect(mallory.standing).toBe("removed");
  expect(mallory.chapter).toBe(before);
  expect(await guessedExporter(before, alice.chapter, world)).toBe(false);
  await alice.say("among us");
  expect(mallory.lines).toEqual([]);
});

test("two members removed at once cannot derive the next chapter either", async () => {
  const world = new World();
  const [alice, bob, carol, mallory] = (await world.group(["alice", "bob", "carol", "mallory"])) as [
    Member,
    Member,
    Member,
    Member,
  ];
  expect(await alice.remove(carol.me.handle, mallory.me.handle)).toBe(true);
  await catchUpAll(bob, carol, mallory);
  samePlace(alice, bob);
  for (const gone of [carol, mallory]) {
    expect(gone.standing).toBe("removed");
    expect(await guessedExporter(gone.chapter, alice.chapter, world)).toBe(false);
  }
});

test("a revoked device is out with the next commit and cannot derive the chapter after it", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const phone = await world.joinExternally(await world.enrolSecond(bob.device), bob.entry);
  await catchUpAll(alice, bob);
  samePlace(alice, bob, phone);
  await world.revoke(bob.device, phone.me);
  const operation = await alice.setDevices(bob.me.handle, [bob.me.deviceId]);
  expect(await alice.change({ operations: [operation] })).toBe(true);
  await catchUpAll(bob, phone);
  samePlace(alice, bob);
  expect(phone.standing).toBe("removed");
  expect(await guessedExporter(phone.chapter, alice.chapter, world)).toBe(false);
  expect(leavesOf(present(alice.chapter.group))).toHaveLength(2);
});

test("control: in a commit without a path the init secret that a removed member keeps is all it takes", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const before = bob.chapter;
  const dave = await world.enrol("dave");
  const published = await world.publish(dave);
  await alice.add([{ device: dave, published, role: "member" }]);
  expect(await guessedExporter(before, alice.chapter, world)).toBe(true);
});

test("a member leaves by its own word, which any member may carry out", async () => {
  const world = new World();
  const [alice, bob, carol] = (await world.group(["alice", "bob", "carol"])) as [Member, Member, Member];
  const leave = await carol.signLeave();
  expect(await bob.change({ operations: [leave] })).toBe(true);
  await catchUpAll(alice, carol);
  samePlace(alice, bob);
  expect(carol.standing).toBe("removed");
});

test("who is no member prepares nothing", async () => {
  const world = new World();
  const [alice] = (await world.group(["alice", "bob"])) as [Member];
  const reader = await world.reader(await world.enrolSecond(alice.device), alice.entry);
  expect(await answer(() => reader.prepare())).toBe("space/not-a-member");
  expect(await answer(() => reader.open())).toBe("space/not-a-member");
  expect(await answer(() => reader.whisper("x"))).toBe("space/not-a-member");
});

test("a device that its account revoked shows as suspended until a commit takes it out", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const phone = await world.joinExternally(await world.enrolSecond(bob.device), bob.entry);
  await catchUpAll(alice, bob);
  expect(suspendedDevices(world.book, alice.chapter.constitution)).toEqual([]);
  await world.revoke(bob.device, phone.me);
  expect(suspendedDevices(world.book, alice.chapter.constitution)).toEqual([phone.me]);
  await alice.change({ operations: [await alice.setDevices(bob.me.handle, [bob.me.deviceId])] });
  expect(suspendedDevices(world.book, alice.chapter.constitution)).toEqual([]);
});

test("an unsent record may follow by itself into a chapter with fewer readers or other devices, not into one with new members", async () => {
  const world = new World();
  const [alice, bob] = (await world.group(["alice", "bob"])) as [Member, Member];
  const dave = await world.enrol("dave");
  const chapters = [alice.chapter.constitution];
  await world.joinExternally(await world.enrolSecond(bob.device), bob.entry);
  await alice.catchUp();
  chapters.push(alice.chapter.constitution);
  await alice.add([{ device: dave, published: await world.publish(dave), role: "member" }]);
  chapters.push(alice.chapter.constitution);
  await alice.remove(bob.me.handle);
  chapters.push(alice.chapter.constitution);
  const follows = (from: number, to: number): boolean => noNewReaders(present(chapters[from]), present(chapters[to]));
  expect([follows(0, 1), follows(1, 2), follows(2, 3), follows(0, 3)]).toEqual([true, false, true, false]);
});
