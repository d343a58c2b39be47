import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isUnknown } from "@bulla/content";
import { addDevice, certifyDevice, createDeviceSecrets, decodeDeviceSecrets, revokeDevice } from "@bulla/core";
import { createService } from "@bulla/service";
import { MemoryStore } from "@bulla/testkit";
import { isBullaError } from "@bulla/wire";
import { expect, test } from "vitest";
import { NodeTransport } from "../platform/node/transport/node-transport.ts";
import { RunningService } from "../service/service.fixture.ts";
import { createServiceClient } from "../service/service-client.ts";
import { Crash, CrashingStore } from "./crashing-store.fixture.ts";
import { openDevice, primitives, startService } from "./device.fixture.ts";
import { places } from "./places.ts";
import { loadSpace } from "./space-shelf.ts";

test("two people who never met exchange notes in both directions, in one space", async () => {
  await using service = await startService();
  await using alice = await openDevice(service.url, "alice");
  await using bob = await openDevice(service.url, "bob");
  const space = await alice.say(bob.handle, "hello");
  await alice.say(bob.handle, "again");
  expect(await alice.engine.flush()).toBe("done");
  expect(alice.acknowledged).toEqual(["hello", "again"]);
  expect(await bob.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["hello", "again"]);
  expect(await bob.say(alice.handle, "hi")).toBe(space);
  await bob.engine.flush();
  await alice.engine.syncAll();
  expect(alice.notes()).toEqual(["hi"]);
  await alice.say(bob.handle, "third");
  await alice.engine.flush();
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["hello", "again", "third"]);
  await alice.engine.syncAll();
  expect(await alice.store.list(places.outboxes)).toEqual([]);
});

test("a sender that dies at any step loses nothing and says nothing twice", async () => {
  await using service = await startService();
  await using bob = await openDevice(service.url, "bob");
  let runs = 0;
  for (const kept of [false, true]) {
    for (let at = 0, finished = false; !finished; at++) {
      const inner = new MemoryStore();
      const name = `alice-${kept ? "kept" : "lost"}-${at}`;
      const attempt = async (store: CrashingStore | MemoryStore): Promise<void> => {
        await using alice = await openDevice(service.url, name, { store });
        if ((await store.get("test/said")) === undefined) {
          const space = await alice.engine.directSpace(bob.handle);
          await store.step(async (transaction) => {
            await transaction.put("test/said", new Uint8Array());
            await alice.engine.say(transaction, space, { kind: "note", text: name }, name);
          });
        }
        await alice.engine.flush();
      };
      try {
        await attempt(new CrashingStore(inner, at, kept));
        finished = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        await attempt(inner);
      }
      runs++;
      expect(await bob.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
      await bob.engine.syncAll();
      expect(bob.notes().filter((note) => note === name)).toEqual([name]);
    }
  }
  expect(runs).toBeGreaterThan(20);
}, 180_000);

test("a recipient that dies at any step hears everything once", async () => {
  await using service = await startService();
  await using alice = await openDevice(service.url, "alice");
  for (const kept of [false, true]) {
    for (let at = 0, finished = false; !finished; at++) {
      const inner = new MemoryStore();
      const name = `bob-${kept ? "kept" : "lost"}-${at}`;
      const setup = await openDevice(service.url, name, { store: inner });
      await alice.say(setup.handle, name);
      await alice.engine.flush();
      await setup[Symbol.asyncDispose]();
      const heard: string[] = [];
      const attempt = async (store: CrashingStore | MemoryStore): Promise<void> => {
        await using bob = await openDevice(service.url, name, { store });
        // What a handler puts is part of the step; the store counts it, the list in memory would not notice a crash.
        bob.engine.register({
          onEvent: async (transaction, { event }) => {
            const before = (await transaction.get("test/heard"))?.length ?? 0;
            if (!isUnknown(event) && event.body.kind === "note")
              await transaction.put("test/heard", new Uint8Array(before + 1));
          },
          onAcknowledged: async () => undefined,
        });
        await bob.engine.readInbox({ watching: false });
        await bob.engine.syncAll();
        heard.push(...bob.notes());
      };
      try {
        await attempt(new CrashingStore(inner, at, kept));
        finished = true;
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        await attempt(inner);
      }
      expect((await inner.get("test/heard"))?.length).toBe(1);
    }
  }
}, 180_000);

test("two people who found a space with each other at once end up using the same one", async () => {
  await using service = await startService();
  await using alice = await openDevice(service.url, "alice");
  await using bob = await openDevice(service.url, "bob");
  await Promise.all([alice.say(bob.handle, "from alice"), bob.say(alice.handle, "from bob")]);
  await Promise.all([alice.engine.flush(), bob.engine.flush()]);
  for (const one of [alice, bob]) {
    await one.engine.readInbox({ watching: false });
    await one.engine.syncAll();
  }
  expect(alice.notes()).toEqual(["from bob"]);
  expect(bob.notes()).toEqual(["from alice"]);
  expect(await alice.engine.directSpace(bob.handle)).toBe(await bob.engine.directSpace(alice.handle));
});

test("a stranger from another service waits until a person accepts, and nothing is asked of that service before", async () => {
  await using here = await startService();
  await using there = await startService();
  await using bob = await openDevice(here.url, "bob");
  await using eve = await openDevice(there.url, "eve");
  await eve.say(bob.handle, "hello");
  expect(await eve.engine.flush()).toBe("done");
  const { waiting } = await bob.engine.readInbox({ watching: false });
  expect(waiting).toEqual([{ from: eve.handle, host: new URL(there.url).host.replace("127.0.0.1", "localhost") }]);
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual([]);
  await bob.engine.acceptContact(eve.handle);
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["hello"]);
  await bob.say(eve.handle, "hi");
  expect(await bob.engine.flush()).toBe("done");
  await eve.engine.syncAll();
  expect(eve.notes()).toEqual(["hi"]);
});

test("nothing of a blocked person arrives, and nothing can be sent to them", async () => {
  await using service = await startService();
  await using bob = await openDevice(service.url, "bob");
  await using eve = await openDevice(service.url, "eve");
  await bob.engine.blockContact(eve.handle);
  await eve.say(bob.handle, "hello");
  await eve.engine.flush();
  expect(await bob.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual([]);
  await expect(bob.engine.directSpace(eve.handle)).rejects.toSatisfy((error) => isBullaError(error, "contact/blocked"));
});

test("what is written while the service is away is kept, and goes out when it is back", async () => {
  await using service = await RunningService.start();
  await using bob = await openDevice(service.url, "bob");
  await using alice = await openDevice(service.url, "alice");
  await alice.say(bob.handle, "one");
  await alice.engine.flush();
  await service.stop();
  await alice.say(bob.handle, "two");
  expect(await alice.engine.flush()).toBe("offline");
  await service.restart();
  expect(await alice.engine.flush()).toBe("done");
  await bob.engine.readInbox({ watching: false });
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["one", "two"]);
});

test("nobody has that handle", async () => {
  await using service = await startService();
  await using alice = await openDevice(service.url, "alice");
  const nobody = alice.handle.replace("alice", "nobody") as typeof alice.handle;
  await expect(alice.engine.directSpace(nobody)).rejects.toSatisfy((error) =>
    isBullaError(error, "contact/unknown-recipient"),
  );
});

test("nothing is said while a revoked device could read it: the chapter ends first, without that device", async () => {
  await using service = await startService();
  await using alice = await openDevice(service.url, "alice");
  await using bob = await openDevice(service.url, "bob");
  const space = await alice.say(bob.handle, "before");
  await alice.engine.flush();
  await bob.engine.readInbox({ watching: false });
  await bob.engine.syncAll();
  const { chapter: before } = await loadSpace(alice.store, primitives, space);
  // Bob gets a second device, which revokes the first.
  const second = createDeviceSecrets(primitives);
  const chain = await alice.engine.chainOf(bob.handle);
  const stored = await bob.store.get(places.secrets);
  if (chain === undefined || stored === undefined) throw new Error("no chain");
  const day = Math.floor(Date.now() / 86_400_000);
  const added = await addDevice(
    primitives,
    chain,
    decodeDeviceSecrets(stored),
    await certifyDevice(primitives, bob.handle, second),
    day,
  );
  const revoked = await revokeDevice(primitives, added.chain, second, bob.engine.me.deviceId, day);
  const client = await bob.engine.serviceOf();
  await client.appendStatement("bob", added.statement);
  const signer = {
    name: "bob",
    deviceId: second.deviceId,
    sign: (message: Uint8Array) => primitives.signEd25519(second.requestSeed, message),
  };
  await createServiceClient({
    transport: new NodeTransport(),
    verifier: primitives,
    url: service.url,
    signer,
  }).appendStatement("bob", revoked.statement);
  // The space has no device of bob's left, so it is given up; nothing more is sealed for the old chapter.
  await expect(alice.say(bob.handle, "after")).rejects.toSatisfy((error) => isBullaError(error, "contact/no-device"));
  expect((await loadSpace(alice.store, primitives, space)).info.state).toBe("removed");
  expect(before.number).toBe(1);
});

test("a service that went back to an old backup is found out, nothing more is said there, and a person can begin anew", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-rollback-"));
  const service = await createService({ dataFolder: join(folder, "now"), port: 0 });
  const { url } = service;
  const port = Number(new URL(url).port);
  await using alice = await openDevice(url, "alice");
  await using bob = await openDevice(url, "bob");
  await alice.say(bob.handle, "one");
  await alice.engine.flush();
  await bob.engine.readInbox({ watching: false });
  await bob.engine.syncAll();
  await service[Symbol.asyncDispose]();
  cpSync(join(folder, "now"), join(folder, "backup"), { recursive: true });
  {
    await using again = await createService({ dataFolder: join(folder, "now"), port });
    await alice.say(bob.handle, "two");
    await alice.engine.flush();
    await bob.engine.syncAll();
    expect([again.url, bob.notes()]).toEqual([url, ["one", "two"]]);
  }
  await using _back = await createService({ dataFolder: join(folder, "backup"), port });
  await bob.engine.syncAll();
  expect((await bob.engine.takeNotices()).map(({ code }) => code)).toEqual(["space/rolled-back"]);
  await expect(bob.say(alice.handle, "three")).rejects.toSatisfy((error) => isBullaError(error, "space/rolled-back"));
  await bob.engine.acceptContact(alice.handle);
  await bob.say(alice.handle, "three");
  expect(await bob.engine.flush()).toBe("done");
  await alice.engine.readInbox({ watching: false });
  await alice.engine.syncAll();
  expect(alice.notes()).toContain("three");
});
