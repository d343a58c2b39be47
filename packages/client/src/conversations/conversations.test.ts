import { sealLasting } from "@bulla/core";
import type { Service } from "@bulla/service";
import { encodeCbor } from "@bulla/wire/encoding";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAccount } from "../engine/account.ts";
import { primitives, startService } from "../engine/device.fixture.ts";
import { queueContent, queueRecords } from "../engine/outbox.ts";
import { places } from "../engine/places.ts";
import { loadSpace } from "../engine/space-shelf.ts";
import { cast, nameOf, type Talker, wallClock } from "./talkers.fixture.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const refusal = (code: string): unknown => expect.objectContaining({ name: "BullaError", code });

describe("a group", () => {
  test("is founded under a name, and everybody who was let in reads what everybody says", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle, carol.handle]);
    expect(await alice.talk.say(space, "hello")).toBe("sent");
    for (const other of [bob, carol]) {
      await other.sync();
      expect(await other.talk.show(space)).toMatchObject({
        kind: "group",
        name: "Roof",
        role: "member",
        state: "active",
      });
      expect(await other.lines(space)).toEqual(["alice named Roof", "alice text hello"]);
    }
    expect(await bob.talk.say(space, "hi")).toBe("sent");
    await carol.sync();
    await alice.sync();
    expect((await carol.lines(space)).at(-1)).toBe("bob text hi");
    expect(await alice.lines(space)).toEqual([
      "alice named Roof",
      "alice added bob",
      "alice added carol",
      "alice text hello",
      "bob text hi",
    ]);
    expect((await alice.talk.list()).map(({ name, members }) => [name, members.length])).toEqual([["Roof", 3]]);
  });

  test("takes in somebody later, who reads from then on when the policy says so, and knows its name and its members", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await alice.engine.groups.setHistory(space, "now");
    await alice.talk.say(space, "before");
    await alice.engine.groups.add(space, [carol.handle], "member");
    await alice.talk.say(space, "after");
    await carol.sync();
    expect(await carol.lines(space)).toEqual(["alice named Roof", "alice text after"]);
    await bob.sync();
    expect(await bob.lines(space)).toEqual([
      "alice named Roof",
      "alice text before",
      "alice added carol",
      "alice text after",
    ]);
    await alice.engine.groups.add(space, [carol.handle, bob.handle], "admin");
    expect((await alice.talk.show(space)).members.map(({ role }) => role)).toEqual(["owner", "member", "member"]);
  });

  test("newcomers read all that was said before, in its order, across many chapters; everybody sees who shared it", async () => {
    await using all = await cast(service, "alice", "bob", "carol", "dave");
    const { alice, bob, carol, dave } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    const words: string[] = [];
    for (let i = 0; i < 5; i++) {
      await alice.talk.say(space, `alice ${i}`);
      await alice.engine.groups.rotate(space);
      await bob.sync();
      await bob.talk.say(space, `bob ${i}`);
      words.push(`alice text alice ${i}`, `bob text bob ${i}`);
    }
    await alice.engine.groups.add(space, [carol.handle], "member");
    await alice.talk.say(space, "welcome");
    await carol.sync();
    const texts = async (talker: Talker): Promise<readonly string[]> =>
      (await talker.lines(space)).filter((line) => line.includes(" text "));
    expect(await texts(carol)).toEqual([...words, "alice text welcome"]);
    await bob.sync();
    expect((await bob.lines(space)).filter((line) => line.includes("carol"))).toEqual([
      "alice added carol",
      "alice shared carol",
    ]);
    // Carol was there for none of it, and hands it on all the same.
    await alice.engine.groups.setRole(space, carol.handle, "admin");
    await carol.sync();
    await carol.engine.groups.add(space, [dave.handle], "member");
    await dave.sync();
    expect(await texts(dave)).toEqual([...words, "alice text welcome"]);
    expect(await carol.store.list(places.allGranted(space))).toEqual([]);
  });

  test("history by a member, with a retry stream in it, reads like it was", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    await alice.talk.say(space, "first");
    const account = await openAccount(bob.handle, bob.store, primitives, wallClock);
    // Bob ends the stream with something that is no change at all.
    await bob.sync();
    await bob.store.step(async (transaction) => {
      const { chapter, cursor } = await loadSpace(transaction, primitives, space);
      const rubbish = await sealLasting(primitives, account.me, account.secrets, chapter, cursor, 0, new Uint8Array(9));
      await queueRecords(transaction, account, space, chapter, [], rubbish, true);
    });
    await bob.engine.flush();
    await alice.talk.say(space, "second");
    await alice.engine.groups.add(space, [carol.handle], "member");
    await carol.sync();
    expect((await carol.lines(space)).filter((line) => line.includes(" text "))).toEqual([
      "alice text first",
      "alice text second",
    ]);
  });

  test("history that does not lead to where the space is now is not shown, and that is told", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await alice.talk.say(space, "true");
    await alice.engine.groups.rotate(space);
    // Alice's copy of the past is made up: another end than the one that the members saw.
    await alice.store.step(async (transaction) => {
      const key = places.keyring(space, 1);
      const stored = (await transaction.get(key))?.slice();
      if (stored === undefined) throw new Error("no key");
      stored[stored.length - 40] = (stored[stored.length - 40] ?? 0) ^ 1;
      await transaction.put(key, stored);
    });
    await alice.engine.groups.add(space, [carol.handle], "member");
    await alice.talk.say(space, "now");
    await carol.sync();
    expect((await carol.lines(space)).filter((line) => line.includes(" text "))).toEqual(["alice text now"]);
    expect((await carol.engine.takeNotices()).map(({ code }) => code)).toContain("space/gap");
  });

  test("whoever is removed reads nothing new and can say nothing, and the others are told", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle, carol.handle]);
    for (const other of [bob, carol]) await other.sync();
    await alice.engine.groups.remove(space, [bob.handle]);
    await alice.talk.say(space, "without bob");
    for (const other of [bob, carol]) await other.sync();
    expect(await carol.lines(space)).toEqual(["alice named Roof", "alice removed bob", "alice text without bob"]);
    expect(await bob.lines(space)).toEqual(["alice named Roof", "alice removed bob"]);
    expect(await bob.talk.show(space)).toMatchObject({ state: "removed", role: null });
    await expect(bob.talk.say(space, "?")).rejects.toEqual(refusal("space/not-a-member"));
    await expect(bob.engine.groups.add(space, [alice.handle], "member")).rejects.toEqual(refusal("space/not-a-member"));
  });

  test("somebody who was removed can be let in again, and reads from then on", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    await alice.engine.groups.remove(space, [bob.handle]);
    await bob.sync();
    await alice.talk.say(space, "meanwhile");
    await alice.engine.groups.add(space, [bob.handle], "member");
    await alice.talk.say(space, "welcome back");
    await bob.sync();
    expect(await bob.talk.show(space)).toMatchObject({ state: "active", role: "member" });
    expect((await bob.lines(space)).at(-1)).toBe("alice text welcome back");
    expect(await bob.talk.say(space, "thanks")).toBe("sent");
  });

  test("members change nothing about members, and are told whom to ask; admins do, except about owners and admins", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    const denied = refusal("space/not-allowed");
    await expect(bob.engine.groups.add(space, [carol.handle], "member")).rejects.toEqual(denied);
    await expect(bob.engine.groups.remove(space, [alice.handle])).rejects.toEqual(denied);
    await expect(bob.engine.groups.setRole(space, bob.handle, "owner")).rejects.toEqual(denied);
    await bob.engine.groups.rotate(space);
    await alice.engine.groups.setRole(space, bob.handle, "admin");
    await bob.sync();
    await bob.engine.groups.add(space, [carol.handle], "member");
    await bob.engine.flush();
    await carol.sync();
    expect((await carol.talk.show(space)).members).toHaveLength(3);
    await expect(bob.engine.groups.remove(space, [alice.handle])).rejects.toEqual(denied);
    await expect(bob.engine.groups.setRole(space, carol.handle, "admin")).rejects.toEqual(denied);
    await expect(alice.engine.groups.setRole(space, alice.handle, "member")).rejects.toEqual(
      refusal("space/refused-constitution"),
    );
    expect(await alice.lines(space).then((lines) => lines.filter((line) => line.includes("role")))).toEqual([
      "alice role bob admin",
    ]);
  });

  test("a name counts only when an owner or admin gives it", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    await expect(bob.talk.rename(space, "Bob's")).rejects.toEqual(refusal("space/not-allowed"));
    await expect(alice.talk.rename(space, "two\nlines")).rejects.toEqual(refusal("wire/malformed"));
    // Another program than this one may say it all the same.
    const what = { kind: "named", name: "Bob's" } as const;
    await bob.store.step((transaction) => bob.engine.say(transaction, space, { kind: "system", what }, ""));
    await bob.engine.flush();
    await alice.sync();
    expect((await alice.talk.show(space)).name).toBe("Roof");
    expect((await bob.talk.show(space)).name).toBe("Roof");
    await alice.talk.rename(space, "Cellar");
    await bob.sync();
    expect((await bob.talk.show(space)).name).toBe("Cellar");
  });

  test("whoever leaves is let go by the next member who may, and the last owner cannot leave others behind", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle, carol.handle]);
    for (const other of [bob, carol]) await other.sync();
    await expect(alice.engine.groups.leave(space)).rejects.toEqual(refusal("space/not-allowed"));
    expect(await bob.engine.groups.leave(space)).toBe("said");
    await bob.engine.flush();
    await Promise.all([alice.sync(), carol.sync()]);
    for (const other of [alice, bob, carol]) await other.sync();
    expect(await bob.talk.show(space)).toMatchObject({ state: "removed" });
    for (const other of [alice, carol]) {
      expect((await other.talk.show(space)).members.map(({ handle }) => nameOf(handle))).toEqual(["alice", "carol"]);
      expect((await other.lines(space)).filter((line) => line.startsWith("bob"))).toEqual(["bob leaving"]);
    }
    await alice.engine.groups.setRole(space, carol.handle, "owner");
    await carol.sync();
    expect(await alice.engine.groups.leave(space)).toBe("said");
    await carol.sync();
    await alice.sync();
    expect(await alice.talk.show(space)).toMatchObject({ state: "removed" });
    expect(await carol.engine.groups.leave(space)).toBe("gone");
  });

  test("a leave that somebody made up for another lets nobody go", async () => {
    await using all = await cast(service, "alice", "bob", "carol");
    const { alice, bob, carol } = all;
    const space = await alice.talk.create("Roof", [bob.handle, carol.handle]);
    for (const other of [bob, carol]) await other.sync();
    await carol.store.step((transaction) =>
      carol.engine.say(
        transaction,
        space,
        { kind: "system", what: { kind: "leaving", operation: Uint8Array.of(1, 2, 3) } },
        "",
      ),
    );
    await carol.engine.flush();
    await alice.sync();
    expect((await alice.talk.show(space)).members).toHaveLength(3);
    expect(await alice.store.list(places.leaves(space))).toEqual([]);
  });

  test("two who change it at once both get what they wanted, one after the other", async () => {
    await using all = await cast(service, "alice", "bob", "carol", "dave", "erin");
    const { alice, bob, carol, dave, erin } = all;
    const space = await alice.talk.create("Roof", [bob.handle, carol.handle]);
    await alice.engine.groups.setRole(space, bob.handle, "owner");
    for (const other of [bob, carol]) await other.sync();
    await Promise.all([
      alice.engine.groups.add(space, [dave.handle], "member"),
      bob.engine.groups.add(space, [erin.handle], "member"),
      carol.talk.say(space, "meanwhile"),
    ]);
    for (const other of [alice, bob]) await other.engine.flush();
    for (const other of [dave, erin, alice, bob, carol]) await other.sync();
    for (const other of [alice, bob, carol, dave, erin]) {
      const { members, chapter } = await other.talk.show(space);
      expect(members).toHaveLength(5);
      expect(chapter).toBe((await alice.talk.show(space)).chapter);
    }
    for (const other of [dave, erin]) await other.talk.say(space, "here");
    await carol.sync();
    expect((await carol.lines(space)).filter((line) => line.endsWith("here")).sort()).toEqual([
      "dave text here",
      "erin text here",
    ]);
  });

  test("something of a kind that this version does not know is kept, and shown as such", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    const novelty = encodeCbor([1, new Uint8Array(16), null, new Uint8Array(), null, null, [], [99, ["hologram"]]]);
    await alice.store.step(async (transaction) => {
      const account = await openAccount(alice.handle, alice.store, primitives, wallClock);
      await queueContent(transaction, account, space, novelty, "");
    });
    await alice.engine.flush();
    await bob.sync();
    expect((await bob.lines(space)).at(-1)).toBe("alice unknown");
  });
});
