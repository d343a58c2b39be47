import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createService } from "@bulla/service";
import { MemoryStore } from "@bulla/testkit";
import { expect, test } from "vitest";
import { systemClock } from "../platform/node/transport/system-clock.ts";
import type { Clock } from "../ports.ts";
import { openDevice, startService } from "./device.fixture.ts";

const clockAt = (days: number): Clock => ({ ...systemClock, now: () => systemClock.now() + days * 86_400_000 });

test("a device whose clock ran years ahead can still be invited by what it had handed out before", async () => {
  await using service = await startService();
  const store = new MemoryStore();
  {
    await using bob = await openDevice(service.url, "bob", { store });
    await bob.engine.tendAccount();
  }
  await using alice = await openDevice(service.url, "alice");
  // Sealed for a KeyPackage of Bob's, and not sent yet.
  await alice.say(`bob@${alice.handle.split("@")[1] ?? ""}` as typeof alice.handle, "hello");
  {
    await using ahead = await openDevice(service.url, "bob", { store, clock: clockAt(2000) });
    await ahead.engine.tendAccount();
  }
  await alice.engine.flush();
  await using bob = await openDevice(service.url, "bob", { store });
  await bob.engine.readInbox({ watching: false });
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["hello"]);
});

test("a conversation that was queued and could not be sent for forty days is sent then", async () => {
  let days = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + days * 86_400_000 };
  await using service = await createService({
    dataFolder: mkdtempSync(join(tmpdir(), "bulla-engine-")),
    port: 0,
    clock,
  });
  await using bob = await openDevice(service.url, "bob", { clock });
  await using alice = await openDevice(service.url, "alice", { clock });
  await alice.say(bob.handle, "queued");
  days = 40;
  expect(await alice.engine.flush()).toBe("done");
  await bob.engine.readInbox({ watching: false });
  await bob.engine.syncAll();
  expect(bob.notes()).toEqual(["queued"]);
});
