import { createNodePrimitives } from "@bulla/client/node";
import { MemoryDisk, MemoryStore, storeAcceptance } from "@bulla/testkit";
import { hexOf, textOf, utf8 } from "@bulla/wire";
import { expect, test } from "vitest";
import type { Store } from "../ports.ts";
import { createSealedStore, type SealedStorePrimitives, type StoreKey } from "./sealed-store.ts";

const primitives = createNodePrimitives();
const newKey = (): StoreKey => primitives.random(32) as StoreKey;
const key = newKey();

storeAcceptance("a sealed store in memory", async () => {
  const disk = new MemoryDisk();
  return { open: async () => createSealedStore(new MemoryStore(disk), key, primitives), remove: async () => undefined };
});

async function swapPlaces(inner: Store): Promise<void> {
  await inner.step(async (step) => {
    const [a, b] = [await step.get("a"), await step.get("b")];
    if (a === undefined || b === undefined) throw new Error("both places were written");
    await step.put("a", b);
    await step.put("b", a);
  });
}

async function filled(with_: SealedStorePrimitives): Promise<{ readonly inner: Store; readonly sealed: Store }> {
  const inner = new MemoryStore();
  const sealed = createSealedStore(inner, key, with_);
  await sealed.step(async (step) => {
    await step.put("a", utf8("value of a"));
    await step.put("b", utf8("value of b"));
  });
  return { inner, sealed };
}

test("a value moved to another place is refused, by get, list and inside a step", async () => {
  const { inner, sealed } = await filled(primitives);
  await swapPlaces(inner);
  await expect(sealed.get("a")).rejects.toMatchObject({ code: "store/corrupt" });
  await expect(sealed.list("")).rejects.toMatchObject({ code: "store/corrupt" });
  await expect(sealed.step((step) => step.get("b"))).rejects.toMatchObject({ code: "store/corrupt" });
});

test("control: with the place left out of the associated data, the same move goes unnoticed", async () => {
  const none = new Uint8Array(0);
  const { inner, sealed } = await filled({
    ...primitives,
    sealAes256Gcm: (valueKey, nonce, _place, value) => primitives.sealAes256Gcm(valueKey, nonce, none, value),
    openAes256Gcm: (valueKey, nonce, _place, value) => primitives.openAes256Gcm(valueKey, nonce, none, value),
  });
  await swapPlaces(inner);
  expect(textOf((await sealed.get("a")) ?? utf8(""))).toBe("value of b");
});

test("another key opens nothing", async () => {
  const { inner } = await filled(primitives);
  await expect(createSealedStore(inner, newKey(), primitives).get("a")).rejects.toMatchObject({
    code: "store/corrupt",
  });
});

test("each changed byte, and each length that is too short, is refused", async () => {
  const { inner, sealed } = await filled(primitives);
  const stored = (await inner.get("a")) ?? new Uint8Array(0);
  const forgeries = [
    ...Array.from(stored, (_, i) => stored.map((byte, at) => (at === i ? byte ^ 1 : byte))),
    ...Array.from(stored, (_, length) => stored.slice(0, length)),
    new Uint8Array([...stored, 0]),
  ];
  for (const forged of forgeries) {
    await inner.step((step) => step.put("a", forged));
    await expect(sealed.get("a")).rejects.toMatchObject({ code: "store/corrupt" });
  }
});

test("the same value is sealed differently each time, and nothing of it can be seen", async () => {
  const inner = new MemoryStore();
  const sealed = createSealedStore(inner, key, primitives);
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    await sealed.step((step) => step.put("a", utf8("always the same words")));
    const stored = hexOf((await inner.get("a")) ?? new Uint8Array(0));
    expect(stored).not.toContain(hexOf(utf8("same words")));
    seen.add(stored.slice(0, 64));
  }
  expect(seen.size).toBe(50);
});

test("bytes stored by the first release still open", async () => {
  const fixed: StoreKey = new Uint8Array(32).fill(7) as StoreKey;
  const inner = new MemoryStore();
  const replay = createSealedStore(inner, fixed, { ...primitives, random: (length) => new Uint8Array(length).fill(9) });
  await replay.step((step) => step.put("place/one", utf8("kept")));
  expect(hexOf((await inner.get("place/one")) ?? new Uint8Array(0))).toMatchInlineSnapshot(
    `"0909090909090909090909090909090909090909090909090909090909090909c8b7b2583beede32421a4b3884ee105997b1f0c9"`,
  );
});
