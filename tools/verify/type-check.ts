import { takeLock } from "../lock.mjs";
import type { Check } from "./check.ts";
import { runProgram } from "./run-program.ts";

// By force: the compiler does not notice that a configuration which others extend has changed. One at a time: the projects read
// each other's declarations from disk.
export const typeCheck: Check = {
  sentence: "the types fit, in tests and tools too",
  findProblems: async (root) => {
    const release = takeLock("types", "another command is checking types, waiting");
    try {
      return await runProgram(root, "ts7/bin/tsc", ["--build", "--force", "--pretty", "false"]);
    } finally {
      release();
    }
  },
};
