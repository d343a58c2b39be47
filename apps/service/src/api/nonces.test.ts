import { expect, test } from "vitest";
import { Nonces } from "./nonces.ts";

test("a nonce is good once, for 300 seconds, and only if it was issued", () => {
  let now = 0;
  const nonces = new Nonces({ now: () => now }, 10);
  const [one, two] = [nonces.issue(), nonces.issue()];
  expect([nonces.spend(one), nonces.spend(one), nonces.spend("x")]).toEqual([true, false, false]);
  now = 300_001;
  expect(nonces.spend(two)).toBe(false);
});

test("their number is bounded: the oldest go first", () => {
  const nonces = new Nonces({ now: () => 0 }, 2);
  const [one, two, three] = [nonces.issue(), nonces.issue(), nonces.issue()];
  expect([nonces.spend(one), nonces.spend(two), nonces.spend(three)]).toEqual([false, true, true]);
});
