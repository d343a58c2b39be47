import { MemoryStore } from "@bulla/testkit";
import { BullaError, isBullaError } from "@bulla/wire";
import { expect, test } from "vitest";
import type { Store, StoreTransaction } from "../ports.ts";
import { openDevice, startService } from "./device.fixture.ts";

/** A store that has no room for its n-th step from now on. */
class FullStore extends MemoryStore implements Store {
  stepsUntilFull = Number.POSITIVE_INFINITY;

  override async step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    if (this.stepsUntilFull-- === 0) throw new BullaError("file/no-space", "no space left for the device's store");
    return super.step(work);
  }
}

test("an invitation that meets a full disk at any step is taken when there is room again", async () => {
  await using service = await startService();
  let failures = 0;
  for (let at = 0, finished = false; !finished; at++) {
    const store = new FullStore();
    await using bob = await openDevice(service.url, `bob-${at}`, { store });
    await using alice = await openDevice(service.url, `alice-${at}`);
    await alice.say(bob.handle, "hello");
    await alice.engine.flush();
    store.stepsUntilFull = at;
    try {
      expect(await bob.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
      await bob.engine.syncAll();
      finished = store.stepsUntilFull >= 0;
    } catch (error) {
      if (!isBullaError(error, "file/no-space")) throw error;
      failures++;
    }
    store.stepsUntilFull = Number.POSITIVE_INFINITY;
    expect(await bob.engine.readInbox({ watching: false })).toEqual({ waiting: [], refused: [] });
    await bob.engine.syncAll();
    expect(bob.notes()).toEqual(["hello"]);
  }
  expect(failures).toBeGreaterThan(3);
});
