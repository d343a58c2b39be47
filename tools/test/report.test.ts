import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { TestReport } from "./report.ts";
import { readReport, reportFile } from "./report.ts";

function reportOf(report: Partial<TestReport> | string, status: number | null): TestReport {
  const file = reportFile();
  const whole =
    typeof report === "string" ? report : JSON.stringify({ passed: 0, failed: 0, skipped: [], broken: [], ...report });
  writeFileSync(file, whole);
  return readReport(file, status);
}

test("a run that left no report is broken", () => {
  expect(readReport(reportFile(), 0).broken).toHaveLength(1);
  expect(reportOf("{", 0).broken).toHaveLength(1);
});

test("an empty run is broken, also when all was skipped", () => {
  expect(reportOf({}, 0).broken).toHaveLength(1);
  expect(reportOf({ skipped: [{ name: "a", reason: "b" }] }, 0).broken).toHaveLength(1);
});

test("a run that failed without saying why is broken", () => {
  expect(reportOf({ passed: 3 }, 1).broken).toHaveLength(1);
  expect(reportOf({ passed: 3 }, null).broken).toHaveLength(1);
});

test("a run is told as it was", () => {
  expect(reportOf({ passed: 3 }, 0)).toMatchObject({ passed: 3, failed: 0, broken: [] });
  expect(reportOf({ passed: 3, failed: 1 }, 1)).toMatchObject({ passed: 3, failed: 1, broken: [] });
});
