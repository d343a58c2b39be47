import type { Service } from "@bulla/service";
import { MemoryStore } from "@bulla/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Crash, CrashingStore } from "../engine/crashing-store.fixture.ts";
import { startService } from "../engine/device.fixture.ts";
import { cast, nameOf, openTalker } from "./talkers.fixture.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

describe("what cannot go out at once", () => {
  for (const choice of ["say", "drop"] as const)
    test(`what was written before others came in is held back until a person decides: ${choice}`, async () => {
      await using all = await cast(service, "alice", "bob", "carol");
      const { alice, bob, carol } = all;
      const space = await alice.talk.create("Roof", [bob.handle]);
      await alice.engine.groups.setRole(space, bob.handle, "admin");
      await bob.sync();
      // Alice writes, and before it goes out Bob lets Carol in.
      const note = { kind: "note", text: "about carol" } as const;
      await alice.store.step((transaction) => alice.engine.say(transaction, space, note, "message"));
      await bob.engine.groups.add(space, [carol.handle], "member");
      expect(await alice.engine.flush()).toBe("done");
      await carol.sync();
      expect(await carol.lines(space)).not.toContain("alice text about carol");
      expect((await alice.lines(space)).at(-1)).toBe("alice text about carol (held)");
      expect(await alice.engine.settleHeld(space, choice)).toBe(1);
      expect(await alice.engine.flush()).toBe("done");
      for (const other of [alice, bob, carol]) await other.sync();
      for (const other of [alice, bob, carol])
        expect((await other.lines(space)).filter((line) => line.includes("about carol"))).toEqual(
          choice === "say" ? ["alice text about carol"] : [],
        );
      expect(await alice.engine.settleHeld(space, choice)).toBe(0);
    });

  test("what a reader says is refused, and what was queued before it became one waits for a person", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    const note = { kind: "note", text: "as a member" } as const;
    await bob.store.step((transaction) => bob.engine.say(transaction, space, note, "message"));
    await alice.engine.groups.setRole(space, bob.handle, "reader");
    await bob.sync();
    expect((await bob.lines(space)).at(-1)).toBe("bob text as a member (held)");
    const denied = expect.objectContaining({ code: "space/not-allowed" });
    await expect(bob.talk.say(space, "as a reader")).rejects.toEqual(denied);
    await expect(bob.engine.settleHeld(space, "say")).rejects.toEqual(denied);
    await alice.engine.groups.setRole(space, bob.handle, "member");
    await bob.sync();
    expect(await bob.engine.settleHeld(space, "say")).toBe(1);
    expect(await bob.talk.say(space, "a member again")).toBe("sent");
    await alice.sync();
    expect((await alice.lines(space)).filter((line) => line.startsWith("bob"))).toEqual([
      "bob text as a member",
      "bob text a member again",
    ]);
  });

  test("somebody who is removed and let in again before reading anything in between is in", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.talk.create("Roof", [bob.handle]);
    await bob.sync();
    await alice.engine.groups.remove(space, [bob.handle]);
    await alice.engine.groups.add(space, [bob.handle], "member");
    await alice.talk.say(space, "welcome back");
    await bob.sync();
    expect(await bob.talk.show(space)).toMatchObject({ state: "active", role: "member" });
    expect((await bob.lines(space)).at(-1)).toBe("alice text welcome back");
  });

  test("nobody leaves, removes or ranks in a conversation with one person; if the other side does, the next thing said begins a new one", async () => {
    await using all = await cast(service, "alice", "bob");
    const { alice, bob } = all;
    const space = await alice.say(bob.handle, "hello");
    await alice.engine.flush();
    await bob.sync();
    const { groups } = bob.engine;
    const denied = expect.objectContaining({ code: "space/not-allowed" });
    for (const act of [
      () => groups.leave(space),
      () => groups.remove(space, [alice.handle]),
      () => groups.setRole(space, bob.handle, "reader"),
      () => groups.add(space, [alice.handle], "member"),
    ])
      await expect(act()).rejects.toEqual(denied);
  });

  test("what is said and not yet read back by others waits, with its state, while the service is away", async () => {
    await using other = await startService();
    await using alice = await openTalker(other, "alice");
    const space = await alice.talk.create("Alone", []);
    await other[Symbol.asyncDispose]();
    expect(await alice.talk.say(space, "into the dark")).toBe("queued");
    expect(await alice.lines(space)).toEqual(["alice named Alone", "alice text into the dark (queued)"]);
  }, 60_000);
});

test("a founder that dies at any step founds one group at most per try, and a group that stands lets everybody in", async () => {
  await using all = await cast(service, "bob");
  const { bob } = all;
  for (const kept of [false, true]) {
    for (let at = 0, finished = false; !finished; at += 2) {
      const inner = new MemoryStore();
      const name = `founder-${kept ? "kept" : "lost"}-${at}`;
      try {
        await using alice = await openTalker(service, name, { store: new CrashingStore(inner, at, kept) });
        await alice.talk.create(name, [bob.handle]);
        await alice.engine.flush();
        finished = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
      }
      await using alice = await openTalker(service, name, { store: inner });
      await alice.engine.flush();
      await alice.sync();
      const spaces = (await alice.talk.list()).filter((space) => space.name === name);
      expect(spaces.length).toBeLessThanOrEqual(1);
      const [space] = spaces;
      if (space === undefined) continue;
      if (space.members.length === 1) await alice.engine.groups.add(space.space, [bob.handle], "member");
      await alice.engine.flush();
      await alice.talk.say(space.space, name);
      await bob.sync();
      expect((await bob.lines(space.space)).filter((line) => line.includes("text"))).toEqual([
        `${nameOf(alice.handle)} text ${name}`,
      ]);
    }
  }
}, 120_000);
