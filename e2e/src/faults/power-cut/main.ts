// npm run power-cut -- [--cuts N] [--seed S]: the power of services and devices goes off N times each; then the same with programs that do not sync, which have to lose something.
import { parseArgs } from "node:util";
import { removeLeftovers } from "../../attacks/leftovers.ts";
import { whyNoDisks } from "../sandbox.ts";
import type { Cut } from "./cut.ts";
import { runCuts, tallyLosses } from "./run-cuts.ts";
import { buildForgetful, type ForgetfulName, forgetful } from "./twins.ts";

const controlCuts = 6;
const { values } = parseArgs({
  options: {
    cuts: { type: "string", default: "40" },
    seed: { type: "string", default: String(process.hrtime.bigint()) },
  },
});
const cuts = Number(values.cuts);
const { seed } = values;
const why = whyNoDisks();
if (!Number.isSafeInteger(cuts) || cuts < 1) stop("--cuts is a whole number", 2);
if (why !== undefined) stop(why, 1);

let failed = false;
console.log(`seed ${seed}`);
for (const whose of ["service", "device"] as const) {
  const { done, seconds } = await timed(() => runCuts({ whose, cuts, seed }, sayProgress));
  const losses = tallyLosses(done);
  failed ||= losses.length > 0;
  console.log(
    `${whose}: ${done.length} cuts in ${seconds} s; the most that was acknowledged before one: ${mostOf(done)}`,
  );
  console.log(losses.length === 0 ? "  nothing is lost" : losses.map((loss) => `  LOST ${loss}`).join("\n"));
}
for (const name of Object.keys(forgetful) as ForgetfulName[]) {
  const { whose } = forgetful[name];
  const done = await runCuts({ whose, cuts: controlCuts, seed, program: await buildForgetful(name) });
  const losing = done.filter(({ losses }) => losses.length > 0).length;
  failed ||= losing === 0;
  console.log(`control, ${name}: ${losing} of ${done.length} cuts lose something${losing === 0 ? ": NOT OK" : ""}`);
  for (const loss of tallyLosses(done)) console.log(`  ${loss}`);
}
removeLeftovers();
process.exit(failed ? 1 : 0);

function mostOf(done: readonly Cut[]): string {
  const kinds = [...new Set(done.flatMap(({ acknowledged }) => Object.keys(acknowledged)))];
  return kinds
    .map((kind) => `${Math.max(...done.map(({ acknowledged }) => acknowledged[kind] ?? 0))} ${kind}`)
    .join(", ");
}

function sayProgress(cut: Cut): void {
  if (process.stderr.isTTY) process.stderr.write(cut.losses.length === 0 ? "." : "!");
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly done: T; readonly seconds: string }> {
  const start = performance.now();
  const done = await work();
  return { done, seconds: ((performance.now() - start) / 1000).toFixed(0) };
}

function stop(message: string, status: number): never {
  process.stderr.write(`power-cut: ${message}\n`);
  process.exit(status);
}
