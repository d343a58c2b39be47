import { MemoryStore } from "@bulla/testkit";
import { expect, test } from "vitest";
import type { Store } from "../ports.ts";
import { Journal } from "./journal.ts";

function counting(): { readonly store: Store; readonly steps: () => number } {
  const inner = new MemoryStore();
  let steps = 0;
  const store: Store = {
    get: (key) => inner.get(key),
    list: (prefix) => inner.list(prefix),
    step: (work) => {
      steps++;
      return inner.step(work);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { store, steps: () => steps };
}

test("what is written at once shares steps, and is there when it resolves", async () => {
  const { store, steps } = counting();
  const journal = new Journal(store);
  await Promise.all(
    Array.from({ length: 100 }, async (_, i) => {
      await journal.put(`a/${i}`, Uint8Array.of(i));
      expect(await store.get(`a/${i}`)).toEqual(Uint8Array.of(i));
    }),
  );
  expect(steps()).toBeLessThanOrEqual(3);
});

test("what can wait goes along with what cannot", async () => {
  const { store, steps } = counting();
  const journal = new Journal(store);
  const later = journal.later((transaction) => transaction.put("later", Uint8Array.of(1)));
  expect(await store.get("later")).toBeUndefined();
  await journal.put("now", Uint8Array.of(2));
  expect(await store.get("later")).toEqual(Uint8Array.of(1));
  await later();
  expect(steps()).toBe(1);
});

test("a step that fails fails what was in it, and the next one goes on", async () => {
  const journal = new Journal(counting().store);
  const bad = journal.write(async () => {
    throw new Error("full");
  });
  await expect(bad).rejects.toThrow("full");
  await journal.put("a", Uint8Array.of(1));
});

test("a journal that gathers waits before each step, and what comes meanwhile goes along", async () => {
  const { store, steps } = counting();
  const journal = new Journal(store, () => new Promise((resolve) => setTimeout(resolve, 20)));
  const first = journal.put("a/1", Uint8Array.of(1));
  await new Promise((resolve) => setTimeout(resolve, 1));
  await Promise.all([first, journal.put("a/2", Uint8Array.of(2))]);
  expect(steps()).toBe(1);
  expect((await store.list("a/")).length).toBe(2);
});
