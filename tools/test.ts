// npm test: every check, then every test, then one line that counts them all.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { findMissingPeers } from "./peers.ts";
import { projectNode, root } from "./project.mjs";
import { readReport, reportFile } from "./test/report.ts";
import { runChecks } from "./verify/run-checks.ts";

// Where everything is supposed to be there, nothing may be left out.
const isStrict = process.env["CI"] === "true";
let passed = 0;
let failed = 0;
let skipped = 0;

for (const peer of findMissingPeers())
  leaveOut(
    `${peer.module ?? peer.binary} is not installed, so nothing shows that ${peer.purpose}: apt-get install ${peer.debianPackage}`,
  );
const vectors = resolve(process.env["BULLA_VECTORS"] ?? join(root, "../shared/vectors"));
if (!existsSync(vectors)) leaveOut(`there is no folder ${vectors}, so no official test vector runs: set BULLA_VECTORS`);

const checked = await runChecks(root, say);
passed += checked.passed;
failed += checked.failed;

const report = runTests();
passed += report.passed;
failed += report.failed + report.broken.length;
for (const problem of report.broken) say(`FAIL ${problem}`);
for (const { name, reason } of report.skipped)
  leaveOut(`${name}: ${reason ?? "no reason given"}`, reason !== undefined);

say(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;

function runTests(): ReturnType<typeof readReport> {
  const file = reportFile();
  const env = { ...process.env, ...(existsSync(vectors) ? { BULLA_VECTORS: vectors } : {}) };
  const args = [join(root, "tools/test/run-vitest.ts"), file, ...process.argv.slice(2)];
  const { status } = spawnSync(projectNode, args, { cwd: root, env, stdio: ["ignore", "inherit", "inherit"] });
  return readReport(file, status);
}

function leaveOut(what: string, mayBeLeftOut = false): void {
  const isFailure = isStrict && !mayBeLeftOut;
  if (isFailure) failed += 1;
  else skipped += 1;
  say(`${isFailure ? "FAIL" : "skip"} ${what}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
