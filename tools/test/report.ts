import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../project.mjs";

export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly SkippedTest[];
  /** What kept tests from running or being counted: files that do not load, errors that nobody handled. */
  readonly broken: readonly string[];
}

export interface SkippedTest {
  readonly name: string;
  readonly reason?: string;
}

/** A place for a report that no other run uses. */
export function reportFile(): string {
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `tests-${process.pid}.json`);
  rmSync(file, { force: true });
  return file;
}

/** Read and remove the report. A run that left none, counted nothing, or ended badly without saying why is a broken run.
 *  @param status exit status of the test runner */
export function readReport(file: string, status: number | null): TestReport {
  const report = parse(file);
  if (report === undefined) return { ...nothing, broken: [`the test runner left no report (exit status ${status})`] };
  rmSync(file, { force: true });
  const { passed, failed, broken } = report;
  if (passed + failed + broken.length === 0) return { ...report, broken: ["no test ran"] };
  if (status !== 0 && failed + broken.length === 0)
    return { ...report, broken: [`the test runner failed, but no test did (exit status ${status})`] };
  return report;
}

const nothing: TestReport = { passed: 0, failed: 0, skipped: [], broken: [] };

function parse(file: string): TestReport | undefined {
  try {
    // Written by run-vitest.ts.
    return JSON.parse(readFileSync(file, "utf8")) as TestReport;
  } catch {
    return undefined;
  }
}
