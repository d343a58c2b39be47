import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { removeLeftovers } from "../../attacks/leftovers.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { startInSandbox, whyNoDisks } from "../sandbox.ts";
import { runCuts, tallyLosses } from "./run-cuts.ts";
import { buildForgetful, type ForgetfulName, forgetful } from "./twins.ts";

// npm run power-cut makes hundreds of cuts and runs every control.
const seed = process.env["BULLA_POWER_CUT_SEED"] ?? String(process.hrtime.bigint());
let why: string | undefined;

beforeAll(() => {
  console.log(`seed ${seed}: BULLA_POWER_CUT_SEED=${seed} makes the same choices`);
  why = whyNoDisks();
});
beforeEach(({ skip }) => {
  if (why !== undefined) skip(why);
});
afterAll(removeLeftovers);

describe("the power goes off at the moment of an acknowledgement", () => {
  test("a service has every record, chunk, statement and envelope that it acknowledged", async () => {
    const cuts = await runCuts({ whose: "service", cuts: 8, seed });
    expect(tallyLosses(cuts)).toEqual([]);
    for (const kind of ["records", "chunks", "statements", "envelopes"])
      expect({ kind, most: cuts.at(-1)?.acknowledged[kind] }).not.toEqual({ kind, most: 0 });
  });

  test("a device has what it said it sent, and every file that it gave a receipt for", async () => {
    const cuts = await runCuts({ whose: "device", cuts: 4, seed });
    expect(tallyLosses(cuts)).toEqual([]);
    expect(cuts.at(-1)?.acknowledged).toMatchObject({ transfers: 2, files: 2 });
  });

  test.each([
    ["a service that syncs at checkpoints only", 2],
    ["a device that syncs nothing", 2],
  ] as const satisfies readonly (readonly [ForgetfulName, number])[])(
    "control: %s loses some of it",
    async (name, cuts) => {
      const { whose } = forgetful[name];
      const done = await runCuts({ whose, cuts, seed, program: await buildForgetful(name) });
      expect(tallyLosses(done)).not.toEqual([]);
    },
  );
});

test("a run that is killed leaves no disk and no loop device behind", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bulla-killed-"));
  try {
    const image = join(folder, "disk");
    const script =
      'truncate -s 8M "$0" && mkfs.ext4 -q -F "$0" && mkdir "$0.at" && mount -o loop "$0" "$0.at" && echo mounted && sleep 600';
    const child = startInSandbox("sh", ["-c", script, image]);
    if (child.stdout === null) throw new Error("the sandbox has no output");
    await once(createInterface({ input: child.stdout }), "line");
    expect(loopDevices()).toContain(image);
    child.kill("SIGKILL");
    await waitUntil("the end of the disk", () => !loopDevices().includes(image));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function loopDevices(): string {
  return spawnSync("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"], { encoding: "utf8" }).stdout;
}
