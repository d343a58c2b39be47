import type { Ended } from "./programs.ts";

// The shapes of docs/cli.md, as far as these tests read them.

export interface FileLine {
  readonly name: string;
  readonly size: number;
  readonly sha256: string;
}

export interface SentLine {
  readonly transfer: string;
  readonly to: string;
  readonly files: readonly FileLine[];
  readonly state: string;
  readonly day: string;
  readonly skipped: readonly { readonly path: string; readonly why: string }[];
}

export interface ReceivedLine extends FileLine {
  readonly transfer: string;
  readonly from: string;
  readonly first_contact: boolean;
  readonly path: string;
  readonly note: string | null;
}

/** Every line of standard output as JSON. */
export function jsonLines({ lines }: Pick<Ended, "lines">): readonly unknown[] {
  return lines.map((line): unknown => JSON.parse(line));
}

/** Lines of `bulla send` and `bulla sent`. */
export function sentLines(ended: Pick<Ended, "lines">): readonly SentLine[] {
  return jsonLines(ended).filter(isSent);
}

/** Files that `bulla receive` told of. */
export function receivedLines(ended: Pick<Ended, "lines">): readonly ReceivedLine[] {
  return jsonLines(ended).filter(isReceived);
}

/** The code in the last line, when that is an error. */
export function errorCode({ lines }: Pick<Ended, "lines">): string | undefined {
  const value: unknown = JSON.parse(lines.at(-1) ?? "null");
  const error: unknown = field(value, "error");
  const code = field(error, "code");
  return typeof code === "string" ? code : undefined;
}

/** One field of a JSON object. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function isSent(value: unknown): value is SentLine {
  return (
    typeof field(value, "transfer") === "string" &&
    typeof field(value, "state") === "string" &&
    Array.isArray(field(value, "files"))
  );
}

function isReceived(value: unknown): value is ReceivedLine {
  return typeof field(value, "path") === "string" && typeof field(value, "sha256") === "string";
}
