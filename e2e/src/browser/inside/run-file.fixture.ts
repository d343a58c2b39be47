import type { RunnerTask, RunnerTestFile, TestError, VitestTestRunner } from "vitest";
import { collectTests, startTests } from "vitest/internal/browser";

/** What became of one test, as plain data. */
export interface TestOutcome {
  /** Suites and test, joined as vitest joins them. */
  readonly name: string;
  readonly state: "passed" | "failed" | "skipped";
  readonly problems: readonly string[];
}

/** What became of one file of tests. `problems` are those outside of its tests: it does not load, a hook fails. */
export interface FileOutcome {
  readonly tests: readonly TestOutcome[];
  readonly problems: readonly string[];
}

/** Load one file of tests and run them with vitest's own runner. */
export async function runFile(path: string): Promise<FileOutcome> {
  const [file] = await startTests([path], createRunner());
  return outcomeOf(file);
}

/** Load one file of tests and say which it has; all of them count as skipped. */
export async function listFile(path: string): Promise<FileOutcome> {
  const [file] = await collectTests([path], createRunner());
  return outcomeOf(file);
}

// What vitest's own workers are given, as far as its runner and `expect` look at it.
const config = {
  root: "/",
  setupFiles: [],
  testTimeout: 120_000,
  hookTimeout: 120_000,
  retry: 0,
  maxConcurrency: 1,
  tags: [],
  sequence: { hooks: "stack", setupFiles: "list" },
  expect: {},
  snapshotOptions: { updateSnapshot: "none", expand: false },
  fakeTimers: {},
};
Object.assign(globalThis, { __vitest_worker__: { config, ctx: {}, metaEnv: {} } });

let loads = 0;

function createRunner(): VitestTestRunner {
  // The full type asks for everything that vitest's command line knows.
  const runnerConfig = config as unknown as VitestTestRunner["config"];
  // A module is evaluated once per address, and evaluating it is what registers its tests.
  return { config: runnerConfig, importFile: (path) => import(`${path}?load=${loads++}`) };
}

function outcomeOf(file: RunnerTestFile | undefined): FileOutcome {
  if (file === undefined) return { tests: [], problems: ["the file was not loaded"] };
  return { tests: testsOf(file), problems: problemsOf(file) };
}

function testsOf(task: RunnerTask): readonly TestOutcome[] {
  if (task.type === "suite") return task.tasks.flatMap(testsOf);
  return [{ name: task.fullTestName, state: stateOf(task), problems: (task.result?.errors ?? []).map(explain) }];
}

function stateOf({ mode, result }: RunnerTask): TestOutcome["state"] {
  if (mode === "skip" || mode === "todo" || result === undefined || result.state === "skip") return "skipped";
  return result.state === "pass" ? "passed" : "failed";
}

// Also those of suites inside, whose hooks may have failed.
function problemsOf(task: RunnerTask): readonly string[] {
  if (task.type !== "suite") return [];
  return [...(task.result?.errors ?? []).map(explain), ...task.tasks.flatMap(problemsOf)];
}

function explain({ message, stack }: TestError): string {
  return stack ?? message;
}
