import { expect, test } from "vitest";
import { EarlySync } from "./early-sync.ts";

const enough = 64 * 1024 * 1024;

test("a file is synced while it is written, once at a time, and not for little", async () => {
  const sync = new EarlySync();
  let begun = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const file = {
    datasync: () => {
      begun++;
      return promise;
    },
  };
  sync.wrote(file, enough - 1);
  expect(begun).toBe(0);
  sync.wrote(file, 1);
  sync.wrote(file, enough);
  expect(begun).toBe(1);
  expect(sync.isSettled).toBe(false);
  resolve();
  await sync.settle();
  expect(sync.isSettled).toBe(true);
  sync.wrote(file, 1);
  expect(begun).toBe(2);
});

test("what an early sync failed with is told at the end, though later ones succeed", async () => {
  const sync = new EarlySync();
  const failure = new Error("the disk is broken");
  sync.wrote({ datasync: () => Promise.reject(failure) }, enough);
  await new Promise(setImmediate);
  sync.wrote({ datasync: () => Promise.resolve() }, enough);
  await new Promise(setImmediate);
  expect(sync.isSettled).toBe(false);
  await expect(sync.settle()).rejects.toBe(failure);
});
