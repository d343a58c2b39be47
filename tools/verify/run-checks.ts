import { builds } from "./builds.ts";
import type { Check } from "./check.ts";
import { deadCode } from "./dead-code.ts";
import { format } from "./format.ts";
import { noRegistryHosts } from "./hosts.ts";
import { layers } from "./layers.ts";
import { licences } from "./licences.ts";
import { lint } from "./lint.ts";
import { lockNamesNoHost, lockPinsEveryPackage, versionsAreExact } from "./lock-checks.ts";
import { bundleSizes, fileSizes } from "./sizes.ts";
import { sourceRules } from "./source-rules.ts";
import { typeCheck } from "./type-check.ts";

const checks: readonly Check[] = [
  typeCheck,
  layers,
  lint,
  format,
  deadCode,
  sourceRules,
  lockNamesNoHost,
  lockPinsEveryPackage,
  versionsAreExact,
  licences,
  noRegistryHosts,
  fileSizes,
  builds,
  bundleSizes,
];

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

/** Run every check and say for each whether its sentence is true; what is wrong stands below it. */
export async function runChecks(root: string, say: (line: string) => void): Promise<Tally> {
  let failed = 0;
  for (const check of checks) {
    const problems = await findProblems(check, root);
    if (problems.length > 0) failed += 1;
    say(`${problems.length === 0 ? "ok  " : "FAIL"} ${check.sentence}`);
    for (const problem of problems) say(indent(problem));
  }
  return { passed: checks.length - failed, failed };
}

// A check that breaks has not passed.
async function findProblems(check: Check, root: string): Promise<readonly string[]> {
  try {
    return await check.findProblems(root);
  } catch (error) {
    return [error instanceof Error ? (error.stack ?? error.message) : String(error)];
  }
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, "     ");
}
