import type { Check } from "./check.ts";
import { runProgram } from "./run-program.ts";

export const deadCode: Check = {
  sentence: "no file, export or dependency is dead",
  findProblems: (root) =>
    runProgram(root, "knip/bin/knip.js", ["--no-progress", "--no-config-hints", "--exclude=binaries"]),
};
