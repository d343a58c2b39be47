import { expect, test } from "vitest";
import { checkTally, tallyCases } from "./vector-tally.ts";

test("a file of vectors of which none ran does not count as passed", async () => {
  expect(() => checkTally({ ran: 0, failed: [], skipped: {} })).toThrow("no vector ran");
});

test("a case that fails or throws is named", async () => {
  const tally = await tallyCases([
    { name: "good", check: () => true },
    { name: "bad", check: () => false },
    {
      name: "worse",
      check: () => {
        throw new Error("broken");
      },
    },
  ]);
  expect(tally).toEqual({ ran: 3, failed: ["bad", "worse: Error: broken"], skipped: {} });
  expect(() => checkTally(tally)).toThrow("2 of 3 vectors failed");
});

test("a case skipped for a reason that was not announced does not count as passed", async () => {
  const tally = await tallyCases([
    { name: "good", check: () => true },
    { name: "odd", skip: "the key is odd", check: () => true },
  ]);
  expect(() => checkTally(tally)).toThrow("the key is odd");
  expect(() => checkTally(tally, { "the key is odd": 1 })).not.toThrow();
});
