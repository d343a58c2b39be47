import type { BuildFailure } from "esbuild";
import { formatMessagesSync } from "esbuild";

/** Say on stderr that a program is left out because its entry is not there.
 *  @returns no problem: a tree without it is whole */
export function sayNotThereYet(what: string, entry: string): readonly string[] {
  process.stderr.write(`bulla: ${what} is not built: there is no ${entry}\n`);
  return [];
}

/** The compiler's own words, with file and line. Anything but a build failure is thrown on. */
export function explainBuildError(what: string, error: unknown): string {
  if (!isBuildFailure(error)) throw error;
  const messages = formatMessagesSync(error.errors, { kind: "error", color: process.stderr.isTTY });
  return `${what} does not build\n${messages.join("").trimEnd()}`;
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && "errors" in error && Array.isArray(error.errors);
}
