import { expect, test } from "vitest";
import { findSourceProblems } from "./source-rules.ts";

test.each(["utils", "helpers", "common", "types", "util.test"])("a file named %s.ts is refused", (name) => {
  expect(findSourceProblems(`packages/core/src/${name}.ts`, "")).toHaveLength(1);
});

test("a file that exports everything is refused", () => {
  expect(findSourceProblems("packages/core/src/index.ts", 'export * from "./a.ts";')).toHaveLength(1);
  expect(findSourceProblems("packages/core/src/index.ts", 'export * as a from "./a.ts";')).toEqual([]);
  expect(findSourceProblems("packages/core/src/index.ts", 'export type * from "./a.ts";')).toHaveLength(1);
  expect(findSourceProblems("packages/core/src/index.ts", 'export { a } from "./a.ts";')).toEqual([]);
});

test("a file of more than 400 lines of code is refused, comments and blank lines not counted", () => {
  const code = "f();\n";
  expect(findSourceProblems("tools/a.ts", `${code.repeat(400)}${"// why\n\n".repeat(50)}`)).toEqual([]);
  expect(findSourceProblems("tools/a.ts", code.repeat(401))).toHaveLength(1);
});
