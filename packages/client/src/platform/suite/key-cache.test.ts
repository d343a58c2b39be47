import { createPrimitives, systemRandom } from "@bulla/client/crypto";
import { expect, test } from "vitest";
import { checkLength } from "./algorithms.ts";
import { KeyCache } from "./key-cache.ts";

const nameOf = createPrimitives().sha256;
const importKey = (raw: Uint8Array): Uint8Array => {
  checkLength("key", raw, 32);
  return raw.slice();
};

test("the cache never holds more keys than its bound, and the least recently used leaves first", () => {
  let imports = 0;
  const cache = new KeyCache(
    (raw) => {
      imports += 1;
      return importKey(raw);
    },
    { maxKeys: 2, idleMilliseconds: 60_000, nameOf },
  );
  const [a, b, c] = [systemRandom(32), systemRandom(32), systemRandom(32)];
  for (const key of [a, b, a, c, a]) cache.get(key);
  expect([cache.size, imports]).toEqual([2, 3]);
  cache.get(b);
  expect([cache.size, imports]).toEqual([2, 4]);
});

test("an idle cache forgets every key", async () => {
  const cache = new KeyCache(importKey, { maxKeys: 2, idleMilliseconds: 20, nameOf });
  cache.get(systemRandom(32));
  expect(cache.size).toBe(1);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(cache.size).toBe(0);
});

test("a key that cannot be imported is not remembered", () => {
  const cache = new KeyCache(importKey, { maxKeys: 2, idleMilliseconds: 60_000, nameOf });
  expect(() => cache.get(new Uint8Array(31))).toThrow(expect.objectContaining({ code: "core/bad-key" }));
  expect(cache.size).toBe(0);
});
