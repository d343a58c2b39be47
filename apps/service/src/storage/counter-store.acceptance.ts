import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Acceptance } from "./acceptance.ts";
import type { CounterStore } from "./counter-store.ts";

/** What every adapter of `CounterStore` promises. */
export const counterStorePromises: readonly Acceptance<CounterStore>[] = [
  {
    promise: "counters come back as they were saved, and old ones are forgotten",
    async hold(store) {
      const usage = { sinceDay: 10, byteDays: 2 ** 50, streams: 2, envelopes: 3 };
      strictEqual(await store.load("ann"), undefined);
      await store.save(new Map([["ann", { ...usage, streams: 1 }]]));
      await store.save(new Map([["ann", usage]]));
      deepStrictEqual(await store.load("ann"), usage);
      await store.sweep(10);
      deepStrictEqual(await store.load("ann"), usage);
      await store.sweep(11);
      strictEqual(await store.load("ann"), undefined);
    },
  },
];
