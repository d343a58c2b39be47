// npm run fuzz: the properties of all decoders, round after round with other seeds. `--minutes N` (1); `--seed N` repeats one round.
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { projectNode, root, stop } from "./project.mjs";

/** Where bytes from outside become values: every codec of wire, content and core, and what is built on them. */
const properties = [
  "packages/wire/src/codecs.test.ts",
  "packages/wire/src/encoding",
  "packages/wire/src/handle.test.ts",
  "packages/wire/src/identity/chain.test.ts",
  "packages/wire/src/receipt",
  "packages/content/src",
  "packages/core/src/age/age-file.test.ts",
  "packages/core/src/blob",
  "packages/core/src/space/envelope.test.ts",
  "packages/core/src/space/outer-record.test.ts",
  "packages/core/src/space/records.test.ts",
  "packages/client/src/transfer-names",
];

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) stop(`--minutes is ${values.minutes}, expected a number above 0`, "npm run fuzz -- --minutes 60");

const end = performance.now() + minutes * 60_000;
let rounds = 0;
do {
  const seed = values.seed ?? String(randomInt(2 ** 31));
  const { status, stdout, stderr } = spawnSync(projectNode, ["node_modules/vitest/vitest.mjs", "run", ...properties], {
    cwd: root,
    env: { ...process.env, SEED: seed, NO_COLOR: "1" },
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0) {
    process.stderr.write(`${stdout}\n${stderr}\n`);
    stop(`seed ${seed} found something`, `npm run fuzz -- --seed ${seed}`);
  }
  rounds += 1;
  process.stdout.write(`seed ${seed}: ${/Tests +(.*)/.exec(stdout)?.[1] ?? "no test was counted"}\n`);
} while (values.seed === undefined && performance.now() < end);
process.stdout.write(`${rounds} rounds found nothing\n`);
