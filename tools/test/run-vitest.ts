// Runs the tests and writes what happened to a file. Arguments: the file, then vitest's filters.
import { writeFileSync } from "node:fs";
import type { TestCase, TestModule, TestSuite } from "vitest/node";
import { startVitest } from "vitest/node";
import type { SkippedTest, TestReport } from "./report.ts";

const [file, ...filters] = process.argv.slice(2);
if (file === undefined) throw new Error("expected the name of a report file");
const vitest = await startVitest("test", filters, { watch: false, run: true });
const modules = vitest.state.getTestModules();
writeFileSync(file, JSON.stringify(reportOn(modules, vitest.state.getUnhandledErrors())));
await vitest.close();

function reportOn(testModules: readonly TestModule[], unhandled: readonly unknown[]): TestReport {
  const tests = testModules.flatMap((module) => [...module.children.allTests()]);
  const withState = (state: string): readonly TestCase[] => tests.filter((test) => test.result().state === state);
  const unfinished = withState("pending").map((test) => `${nameOf(test)} did not finish`);
  return {
    passed: withState("passed").length,
    failed: withState("failed").length,
    skipped: withState("skipped").map(explainSkip),
    broken: [...testModules.flatMap(explainBroken), ...unfinished, ...unhandled.map(explainUnhandled)],
  };
}

function explainSkip(test: TestCase): SkippedTest {
  const result = test.result();
  const reason = result.state === "skipped" ? result.note : undefined;
  return { name: nameOf(test), ...(reason === undefined ? {} : { reason }) };
}

// Errors outside of tests: a file that does not load, a hook of a suite.
function explainBroken(module: TestModule): readonly string[] {
  const places: readonly (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  return places.flatMap((place) => place.errors().map((error) => `${module.relativeModuleId}: ${error.message}`));
}

function explainUnhandled(error: unknown): string {
  const hasMessage = typeof error === "object" && error !== null && "message" in error;
  return `nobody handled: ${String(hasMessage ? error.message : error)}`;
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}
