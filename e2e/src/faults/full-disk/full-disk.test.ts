import { join } from "node:path";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { runInSandbox, whyNoDisks } from "../sandbox.ts";

// BULLA_FULL_DISK_ROUNDS tries more sizes of what is left.
const rounds = Number(process.env["BULLA_FULL_DISK_ROUNDS"] ?? 2);
let why: string | undefined;

beforeAll(() => {
  why = whyNoDisks();
});
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});

/** From next to nothing to about as much as a step may take. */
function levels(most: number): readonly string[] {
  return Array.from({ length: rounds }, (_, i) => String(Math.round(most * ((i + 0.4) / rounds) ** 2)));
}

async function fillDisk(whose: "service" | "device", most: number): Promise<unknown> {
  const said: unknown[] = [];
  await runInSandbox(join(import.meta.dirname, "inside.ts"), [whose, ...levels(most)], (line) => said.push(line));
  return said[0];
}

test("a service whose disk is full at any step says so, goes on when there is room, and has all that it acknowledged", async () => {
  expect(await fillDisk("service", 400_000)).toEqual({ problems: [], refused: expect.toSatisfy((count) => count > 0) });
});

test("a device whose disk is full at any command says so, and the same command finishes when there is room", async () => {
  expect(await fillDisk("device", 2_000_000)).toEqual({
    problems: [],
    refused: expect.toSatisfy((count) => count > 0),
  });
});
