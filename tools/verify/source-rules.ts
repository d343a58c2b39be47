import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Check } from "./check.ts";
import { listFiles } from "./list-files.ts";

const source = /^(packages|bridges|apps|e2e|bench|examples|tools)\/.*\.(ts|tsx|mjs)$/;
const emptyNames = /^(utils?|helpers?|common|types|misc|shared)(\.test)?\.(ts|tsx|mjs)$/;
const maxLines = 400;

/** What the linter has no rule for; see docs on style. */
export const sourceRules: Check = {
  sentence: "every source file is named after its job, lists what it exports and is of readable length",
  findProblems: async (root) => {
    const files = listFiles(root).filter((path) => source.test(path));
    const problems = files.map(async (path) => findSourceProblems(path, await readFile(join(root, path), "utf8")));
    return (await Promise.all(problems)).flat();
  },
};

export function findSourceProblems(path: string, text: string): readonly string[] {
  const lines = text.split("\n");
  return [
    ...(emptyNames.test(basename(path)) ? [`${path}: the name does not say what the file is for`] : []),
    ...(lines.some((line) => /^\s*export\s+(type\s+)?\*(?!\s+as\b)/.test(line))
      ? [`${path}: exports everything, by no name`]
      : []),
    ...(codeLines(lines) > maxLines ? [`${path}: ${codeLines(lines)} lines of code, limit is ${maxLines}`] : []),
  ];
}

function codeLines(lines: readonly string[]): number {
  return lines.filter((line) => !/^\s*(\/\/|\/?\*|$)/.test(line)).length;
}
