import { describe, expect, test } from "vitest";
import { runAttacks } from "./scoreboard.ts";

// Run once: each row is a promise of its own, its control included.
const verdicts = await runAttacks();

describe("refused, while without its one check it would succeed", () => {
  test.each(verdicts.map((verdict) => [verdict.id, verdict.attack, verdict] as const))(
    "%s: %s",
    (_, __, { refused, control, why }) => {
      expect({ refused, control, why }).toEqual({ refused: true, control: true, why });
    },
  );
});

test("there are attacks of every family", () => {
  expect(verdicts.length).toBeGreaterThan(80);
});
