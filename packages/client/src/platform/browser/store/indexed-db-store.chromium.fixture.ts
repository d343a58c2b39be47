import { type StorePlace, storeAcceptance } from "@bulla/testkit";
import { utf8 } from "@bulla/wire";
import { expect, test } from "vitest";
import { openIndexedDbStore } from "./indexed-db-store.ts";

async function createPlace(): Promise<StorePlace> {
  const name = `test ${crypto.randomUUID()}`;
  return {
    open: () => openIndexedDbStore(name),
    remove: () =>
      new Promise((resolve, reject) => {
        const removing = indexedDB.deleteDatabase(name);
        removing.onsuccess = () => resolve();
        removing.onerror = () => reject(new Error(`not removed: ${removing.error?.name}`));
      }),
  };
}

storeAcceptance("a store in IndexedDB", createPlace);

test("a step that waits too long for another page's is turned away", async () => {
  const name = `test ${crypto.randomUUID()}`;
  await using patient = await openIndexedDbStore(name);
  const hasty = await openIndexedDbStore(name, { lockWaitMilliseconds: 50 });
  let release = (): void => undefined;
  const long = patient.step(() => new Promise<void>((resolve) => (release = resolve)));
  await expect(hasty.step((step) => step.put("x", utf8("x")))).rejects.toMatchObject({ code: "store/locked" });
  release();
  await long;
  await hasty.step((step) => step.put("x", utf8("x")));
  await hasty[Symbol.asyncDispose]();
});

test("a store that a newer version wrote is left alone", async () => {
  const name = `test ${crypto.randomUUID()}`;
  await new Promise<void>((resolve, reject) => {
    const opening = indexedDB.open(name, 1000);
    opening.onsuccess = () => {
      opening.result.close();
      resolve();
    };
    opening.onerror = () => reject(new Error(`not opened: ${opening.error?.name}`));
  });
  await expect(openIndexedDbStore(name)).rejects.toMatchObject({ code: "store/unsupported-version" });
});
