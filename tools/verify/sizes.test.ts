import { expect, test } from "vitest";
import { explainExcess } from "./sizes.ts";

test("what is over its limit is refused with both numbers", () => {
  expect(explainExcess("a.mjs", 101, 100)).toEqual(["a.mjs is 101 bytes, limit is 100"]);
  expect(explainExcess("a.mjs", 100, 100)).toEqual([]);
});
