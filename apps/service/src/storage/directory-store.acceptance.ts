import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Acceptance } from "./acceptance.ts";
import type { DeviceAddress, DirectoryStore } from "./directory-store.ts";

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const newDevice = (): DeviceAddress => ({ name: "ann", deviceId: random(16) });

/** What every adapter of `DirectoryStore` promises. */
export const directoryStorePromises: readonly Acceptance<DirectoryStore>[] = [
  {
    promise: "a chain grows one statement at a time, in order, and each place is taken once",
    async hold(store) {
      const [first, second] = [random(100), random(100)];
      strictEqual(await store.statements("ann", 0), undefined);
      strictEqual(await store.append("ann", 1, second), "conflict");
      strictEqual(await store.append("ann", 0, first), "appended");
      strictEqual(await store.append("ann", 0, first), "repeated");
      strictEqual(await store.append("ann", 0, second), "conflict");
      strictEqual(await store.append("ann", 1, second), "appended");
      deepStrictEqual(await store.statements("ann", 0), [first, second]);
      deepStrictEqual(await store.statements("ann", 2), []);
      strictEqual(await store.statements("bob", 0), undefined);
    },
  },
  {
    promise: "packages are handed out once, then the last resort, and a spent one never comes back",
    async hold(store) {
      const device = newDevice();
      const [one, two, last] = [random(50), random(50), random(50)];
      const upload = { keyPackages: [one, two, one], lastResort: last, today: 7, maxRemaining: 2 };
      deepStrictEqual(await store.addKeyPackages(device, upload), { remaining: 2, lastResortDay: 7 });
      strictEqual(await store.addKeyPackages(device, { ...upload, keyPackages: [random(50)] }), "full");
      const claim = async (): Promise<readonly boolean[]> =>
        (await store.claim("ann", [device.deviceId, random(16)], 8)).map(({ lastResort }) => lastResort);
      deepStrictEqual([await claim(), await claim(), await claim(), await claim()], [[false], [false], [true], [true]]);
      deepStrictEqual(await store.addKeyPackages(device, { ...upload, lastResort: null }), {
        remaining: 0,
        lastResortDay: 7,
      });
      deepStrictEqual(await store.poolCount(newDevice()), { remaining: 0, lastResortDay: null });
    },
  },
  {
    promise: "an inbox keeps its order, its limit and its positions",
    async hold(store) {
      const device = newDevice();
      for (let i = 0; i < 3; i++) strictEqual(await store.post(device, Uint8Array.of(i), 10, 3), "posted");
      strictEqual(await store.post(device, Uint8Array.of(9), 10, 3), "full");
      deepStrictEqual(await store.envelopes(device, 1, 1, 10), {
        envelopes: [{ position: 1, envelope: Uint8Array.of(1) }],
        more: true,
      });
      await store.acknowledge(device, 2);
      await store.post(device, Uint8Array.of(3), 11, 3);
      deepStrictEqual(await store.envelopes(device, 0, 9, 11), {
        envelopes: [{ position: 3, envelope: Uint8Array.of(3) }],
        more: false,
      });
      deepStrictEqual((await store.envelopes(device, 0, 9, 12)).envelopes, []);
      await store.sweep(12);
      strictEqual(await store.post(device, Uint8Array.of(4), 20, 1), "posted");
    },
  },
  {
    promise: "capabilities are added and removed, and too many at once change nothing",
    async hold(store) {
      const device = newDevice();
      const [one, two, three] = [random(32), random(32), random(32)];
      strictEqual(await store.changeCapabilities(device, { add: [one, two], remove: [] }, 2), "changed");
      strictEqual(await store.changeCapabilities(device, { add: [three], remove: [] }, 2), "full");
      deepStrictEqual(
        [
          await store.hasCapability(device, one),
          await store.hasCapability(device, three),
          await store.hasCapability(newDevice(), one),
        ],
        [true, false, false],
      );
      strictEqual(await store.changeCapabilities(device, { add: [three], remove: [one] }, 2), "changed");
      deepStrictEqual(
        [await store.hasCapability(device, one), await store.hasCapability(device, three)],
        [false, true],
      );
    },
  },
];
