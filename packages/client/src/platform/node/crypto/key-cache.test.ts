import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { KeyCache } from "./key-cache.ts";
import { systemRandom } from "./primitives.ts";
import { ed25519Keys, importPrivateKey } from "./raw-keys.ts";

test("the cache never holds more keys than its bound, and the least recently used leaves first", () => {
  let imports = 0;
  const cache = new KeyCache(
    (raw) => {
      imports += 1;
      return importPrivateKey(ed25519Keys, raw);
    },
    { maxKeys: 2, idleMilliseconds: 60_000 },
  );
  const [a, b, c] = [systemRandom(32), systemRandom(32), systemRandom(32)];
  for (const key of [a, b, a, c, a]) cache.get(key);
  expect([cache.size, imports]).toEqual([2, 3]);
  cache.get(b);
  expect([cache.size, imports]).toEqual([2, 4]);
});

test("an idle cache forgets every key", async () => {
  const cache = new KeyCache((raw) => importPrivateKey(ed25519Keys, raw), { maxKeys: 2, idleMilliseconds: 20 });
  cache.get(systemRandom(32));
  expect(cache.size).toBe(1);
  await pause(200);
  expect(cache.size).toBe(0);
});

test("a key that cannot be imported is not remembered", () => {
  const cache = new KeyCache((raw) => importPrivateKey(ed25519Keys, raw), { maxKeys: 2, idleMilliseconds: 60_000 });
  expect(() => cache.get(new Uint8Array(31))).toThrow(expect.objectContaining({ code: "core/bad-key" }));
  expect(cache.size).toBe(0);
});
