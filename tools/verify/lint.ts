import type { Check } from "./check.ts";
import { runProgram } from "./run-program.ts";

export const lint: Check = {
  sentence: "the linter finds nothing",
  findProblems: (root) => runProgram(root, "oxlint/bin/oxlint", ["--deny-warnings", "--format=unix"]),
};
