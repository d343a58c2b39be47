import type { Check } from "./check.ts";
import { runProgram } from "./run-program.ts";

export const format: Check = {
  sentence: "every file is formatted (npm run format does it)",
  findProblems: (root) => runProgram(root, "@biomejs/biome/bin/biome", ["ci", "--reporter=summary", "--colors=off"]),
};
