import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Acceptance } from "./acceptance.ts";
import type { LeaseStore } from "./lease-store.ts";

const random = (): Uint8Array => new Uint8Array(randomBytes(32));

/** What every adapter of `LeaseStore` promises. */
export const leaseStorePromises: readonly Acceptance<LeaseStore>[] = [
  {
    promise: "a lease may be moved to a later day and never to an earlier one",
    async hold(store) {
      const lease = { chunk: random(), lease: random() };
      await store.hold([{ ...lease, expiryDay: 10 }]);
      await store.hold([{ ...lease, expiryDay: 20 }]);
      await store.hold([{ ...lease, expiryDay: 5 }]);
      deepStrictEqual(
        await store.missing([
          { ...lease, expiryDay: 20 },
          { ...lease, expiryDay: 21 },
          { ...lease, lease: random(), expiryDay: 1 },
        ]),
        [1, 2],
      );
    },
  },
  {
    promise: "a chunk is alive while any of its leases is, and only until the last one's day",
    async hold(store) {
      const [chunk, one, two] = [random(), random(), random()];
      await store.hold([
        { chunk, lease: one, expiryDay: 10 },
        { chunk, lease: two, expiryDay: 20 },
      ]);
      await store.end([
        { chunk, lease: random() },
        { chunk: random(), lease: two },
      ]);
      deepStrictEqual(
        [store.isAlive(chunk, 20), store.isAlive(chunk, 21), store.isAlive(random(), 1)],
        [true, false, false],
      );
      await store.end([{ chunk, lease: two }]);
      deepStrictEqual([store.isAlive(chunk, 10), store.isAlive(chunk, 11)], [true, false]);
      await store.sweep(11);
      strictEqual(store.isAlive(chunk, 1), false);
    },
  },
];
