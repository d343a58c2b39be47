import { basename } from "node:path";
import { BullaError, type ErrorCode, isBullaError } from "@bulla/wire";
import { errorSentences } from "./error-sentences.ts";
import type { ExitCode } from "./exit-codes.ts";
import type { Output } from "./output.ts";
import { oneLine } from "./terminal-text.ts";

/** What is said about a failure, to people and to programs. */
export interface Failure {
  readonly exit: ExitCode;
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string };
}

export function explainError(error: unknown): Failure {
  const known = isBullaError(error) ? error : bugOf(error);
  const { exit, sentence, hint, message } = errorSentences[known.code];
  const about = known.about === undefined ? "" : `: ${known.about}`;
  const texts = {
    own: `${known.message || sentence}${about}`,
    detail: `${sentence} (${known.message})${about}`,
    hidden: `${sentence}${placeOf(error)}`,
  };
  return { exit, error: { code: known.code, message: oneLine(texts[message]), hint: oneLine(known.hint ?? hint) } };
}

/** @returns the exit code */
export function reportError(output: Output, error: unknown): ExitCode {
  const { exit, error: words } = explainError(error);
  output.say(`error: ${words.message}`);
  output.say(`hint: ${words.hint}`);
  if (output.json) output.result("", { error: words });
  return exit;
}

function bugOf(error: unknown): BullaError {
  return new BullaError("internal/bug", "unexpected", { cause: error });
}

/** Kind and place of an unexpected error, and never its message: that may hold names or content. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const frame = error.stack?.split("\n").find((line) => /^\s+at .*:\d+:\d+\)?$/.test(line));
  const place = frame === undefined ? undefined : /([^\s(]+:\d+:\d+)\)?$/.exec(frame)?.[1];
  const code =
    "code" in error && typeof error.code === "string" && /^[A-Z0-9_]{1,40}$/.test(error.code) ? ` ${error.code}` : "";
  return ` (${error.name}${code}${place === undefined ? "" : ` at ${basename(place)}`})`;
}
