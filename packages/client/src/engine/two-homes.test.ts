import { MemoryStore } from "@bulla/testkit";
import { expect, test } from "vitest";
import type { Store } from "../ports.ts";
import { openDevice, startService, type TestDevice } from "./device.fixture.ts";
import { places } from "./places.ts";

/** As if the device's folder had been copied. */
async function copyOf(store: Store): Promise<MemoryStore> {
  const copy = new MemoryStore();
  const entries = await store.list("");
  await copy.step(async (transaction) => {
    for (const { key, value } of entries) await transaction.put(key, value);
  });
  return copy;
}

async function hearAll(device: TestDevice): Promise<readonly string[]> {
  await device.engine.readInbox({ watching: false });
  await device.engine.syncAll();
  return device.notes();
}

test("what two copies of a home say under one counter is heard once each, and the one that was late says it again", async () => {
  await using service = await startService();
  await using bob = await openDevice(service.url, "bob");
  const store = new MemoryStore();
  await using alice = await openDevice(service.url, "alice", { store });
  await alice.say(bob.handle, "before");
  await alice.engine.flush();
  await alice.engine.syncAll();
  await using copy = await openDevice(service.url, "alice", { store: await copyOf(store) });

  // Both are sealed before either is sent.
  await alice.say(bob.handle, "here");
  await copy.say(bob.handle, "there");
  await copy.say(bob.handle, "and there");
  expect(await alice.engine.flush()).toBe("done");
  expect(await copy.engine.flush()).toBe("done");

  expect(alice.takenBack).toEqual([]);
  expect(copy.takenBack).toEqual(["there"]);
  expect(copy.acknowledged).toEqual(["there", "and there", "there"]);
  expect((await hearAll(bob)).toSorted()).toEqual(["and there", "before", "here", "there"]);
  for (const device of [alice, copy]) {
    await device.engine.syncAll();
    expect(await device.store.list(places.outboxes)).toEqual([]);
  }
});

test("nothing that two copies of a home say at the same moment is lost or heard twice", async () => {
  await using service = await startService();
  await using bob = await openDevice(service.url, "bob");
  const store = new MemoryStore();
  await using alice = await openDevice(service.url, "alice", { store });
  await alice.say(bob.handle, "before");
  await alice.engine.flush();
  await using copy = await openDevice(service.url, "alice", { store: await copyOf(store) });
  const said = ["before"];
  for (let round = 0; round < 8; round++) {
    await Promise.all(
      [alice, copy].map(async (device, i) => {
        for (let j = 0; j <= (round + i) % 3; j++) {
          const text = `${round}/${i}/${j}`;
          said.push(text);
          await device.say(bob.handle, text);
          if (j % 2 === 0) expect(await device.engine.flush()).toBe("done");
        }
        expect(await device.engine.flush()).toBe("done");
      }),
    );
  }
  expect((await hearAll(bob)).toSorted()).toEqual(said.toSorted());
});

test("a home that was restored from an old copy says and hears everything", async () => {
  await using service = await startService();
  await using bob = await openDevice(service.url, "bob");
  const store = new MemoryStore();
  let backup: MemoryStore;
  {
    await using alice = await openDevice(service.url, "alice", { store });
    await alice.say(bob.handle, "one");
    await alice.engine.flush();
    // The answer to the last word is not read yet, and another one is queued and not sent.
    await alice.say(bob.handle, "two");
    backup = await copyOf(store);
    await alice.engine.flush();
    await alice.say(bob.handle, "three");
    await alice.engine.flush();
  }
  await hearAll(bob);
  await bob.say(("alice@" + bob.handle.split("@")[1]) as typeof bob.handle, "hello alice");
  await bob.engine.flush();
  await using restored = await openDevice(service.url, "alice", { store: backup });
  await restored.say(bob.handle, "four");
  expect(await restored.engine.flush()).toBe("done");
  expect(await hearAll(restored)).toEqual(["hello alice"]);
  expect((await hearAll(bob)).toSorted()).toEqual(["four", "one", "three", "two"]);
});

test("an invitation that another process of this home follows meanwhile is followed once, and refused by neither", async () => {
  await using service = await startService();
  const inner = new MemoryStore();
  await using alice = await openDevice(service.url, "alice");
  await using bob = await openDevice(service.url, "bob", { store: inner });
  let overtaken = false;
  const store: Store = {
    step: (work) => inner.step(work),
    list: (prefix) => inner.list(prefix),
    get: async (key) => {
      if (key.startsWith("key-package/") && !overtaken) {
        overtaken = true;
        await bob.engine.readInbox({ watching: false });
      }
      return inner.get(key);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  await using again = await openDevice(service.url, "bob", { store });
  const space = await alice.say(bob.handle, "hello");
  await alice.engine.flush();
  expect(await again.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
  expect(overtaken).toBe(true);
  expect((await again.engine.groups.list()).get(space)?.state).toBe("active");
});
