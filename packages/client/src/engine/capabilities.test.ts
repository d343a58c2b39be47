import type { Service } from "@bulla/service";
import { MemoryStore } from "@bulla/testkit";
import { splitHandle } from "@bulla/wire";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NodeTransport } from "../platform/node/transport/node-transport.ts";
import { createServiceClient, type ServiceClient } from "../service/service-client.ts";
import { openDevice, primitives, startService, type TestDevice } from "./device.fixture.ts";
import { handlePlace, places } from "./places.ts";

let service: Service;
let transport: NodeTransport;
let client: ServiceClient;
beforeAll(async () => {
  service = await startService();
  transport = new NodeTransport();
  client = createServiceClient({ transport, verifier: primitives, url: service.url });
});
afterAll(async () => {
  await transport[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const read = async (device: TestDevice): Promise<void> => {
  await device.engine.readInbox({ watching: false });
  await device.engine.syncAll();
};

/** Alice wrote to Bob, and Bob answered. */
async function acquainted(
  names: readonly [string, string],
): Promise<{ readonly alice: TestDevice; readonly bob: TestDevice }> {
  const [alice, bob] = [await openDevice(service.url, names[0]), await openDevice(service.url, names[1])];
  await alice.say(bob.handle, "hello");
  await alice.engine.flush();
  await read(bob);
  await bob.say(alice.handle, "hi");
  await bob.engine.flush();
  await read(alice);
  return { alice, bob };
}

const heldBy = (device: TestDevice, of: TestDevice): Promise<Uint8Array | undefined> =>
  device.store.get(places.heldCapability(handlePlace(primitives, of.handle), of.engine.me.deviceId));

/** Post something to a device's inbox by that right and nothing else. */
async function post(to: TestDevice, secret: Uint8Array | undefined): Promise<string> {
  if (secret === undefined) return "no right";
  const right = { kind: "capability", secret } as const;
  const { name } = splitHandle(to.handle);
  return client.postEnvelope(name, to.engine.me.deviceId, right, new Uint8Array(4096)).then(
    () => "posted",
    (error: unknown) => (error instanceof Error && "code" in error ? String(error.code) : "?"),
  );
}

test("two who said something to each other have a right to each other's inbox, and nobody else has it", async () => {
  const { alice, bob } = await acquainted(["alice-1", "bob-1"]);
  await using _alice = alice;
  await using _bob = bob;
  expect(await post(bob, await heldBy(alice, bob))).toBe("posted");
  expect(await post(alice, await heldBy(bob, alice))).toBe("posted");
  expect(await post(bob, await heldBy(bob, alice))).toBe("service/forbidden");
  expect(await post(bob, new Uint8Array(32))).toBe("service/forbidden");
});

test("blocking takes the right away, and writing after unblocking gives another", async () => {
  const { alice, bob } = await acquainted(["alice-2", "bob-2"]);
  await using _alice = alice;
  await using _bob = bob;
  const before = await heldBy(alice, bob);
  await bob.engine.blockContact(alice.handle);
  await bob.engine.flush();
  expect(await post(bob, before)).toBe("service/forbidden");
  await bob.engine.unblockContact(alice.handle);
  await bob.say(alice.handle, "again");
  await bob.engine.flush();
  await read(alice);
  const after = await heldBy(alice, bob);
  expect(after).not.toEqual(before);
  expect(await post(bob, after)).toBe("posted");
});

test("an invitation to somebody who gave a right goes by it; when it holds no more, it goes the other way", async () => {
  const { alice, bob } = await acquainted(["alice-3", "bob-3"]);
  await using _alice = alice;
  await using _bob = bob;
  for (const isWithdrawn of [false, true]) {
    if (isWithdrawn) {
      await bob.engine.blockContact(alice.handle);
      await bob.engine.flush();
      await bob.engine.unblockContact(alice.handle);
    }
    const space = await alice.engine.groups.found([bob.handle], "member", async () => undefined);
    await read(bob);
    expect((await bob.engine.groups.list()).get(space)?.state).toBe("active");
    expect((await heldBy(alice, bob)) === undefined).toBe(isWithdrawn);
  }
});

test("a right that names somebody else's device is not kept", async () => {
  const { alice, bob } = await acquainted(["alice-4", "bob-4"]);
  await using _alice = alice;
  await using _bob = bob;
  const deviceId = new Uint8Array(16).fill(7);
  const what = { kind: "capability", secret: new Uint8Array(32), deviceId } as const;
  const space = await alice.engine.directSpace(bob.handle);
  await alice.store.step((transaction) => alice.engine.say(transaction, space, { kind: "system", what }, ""));
  await alice.engine.flush();
  await read(bob);
  expect(await bob.store.get(places.heldCapability(handlePlace(primitives, alice.handle), deviceId))).toBeUndefined();
});

test("what was made without a connection is registered with the next one", async () => {
  await using other = await startService();
  const store = new MemoryStore();
  await using bob = await openDevice(other.url, "bob");
  {
    await using alice = await openDevice(other.url, "alice", { store });
    await alice.say(bob.handle, "hello");
  }
  expect(await store.list(places.ownCapabilities)).toHaveLength(1);
  await using alice = await openDevice(other.url, "alice", { store });
  await alice.engine.flush();
  await read(bob);
  const reached = createServiceClient({ transport, verifier: primitives, url: other.url });
  const secret = await heldBy(bob, alice);
  if (secret === undefined) return expect.unreachable();
  const envelope = new Uint8Array(4096);
  await reached.postEnvelope("alice", alice.engine.me.deviceId, { kind: "capability", secret }, envelope);
});
