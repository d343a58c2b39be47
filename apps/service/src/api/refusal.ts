import { randomBytes } from "node:crypto";
import { BullaError, type ErrorCode } from "@bulla/wire";
import { type ErrorAnswer, statusOfCode } from "@bulla/wire/api";
import { hasCode } from "../objects/fs/durable-file.ts";

export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

/** What a client is told about an error. Whatever is not a refusal of ours is logged under a random id, by its kind and place only, and answered without detail. */
export function refusalOf(error: unknown, log: (line: string) => void): Refusal {
  if (error instanceof BullaError && error.code !== "service/internal") {
    const status = statusOfCode[error.code];
    if (status !== undefined) return { status, code: error.code, message: error.message, hint: error.hint };
  }
  if (hasCode(error, "ENOSPC") || hasCode(error, "EDQUOT")) {
    return {
      status: 503,
      code: "service/unavailable",
      message: "the service cannot store anything at the moment",
      hint: "try again later",
    };
  }
  const client = clientStatus(error);
  if (client === 413)
    return { status: 413, code: "service/too-large", message: "body is larger than this route takes", hint: undefined };
  if (client !== undefined)
    return { status: client, code: "service/malformed", message: "request cannot be understood", hint: undefined };
  const id = randomBytes(8).toString("hex");
  log(`internal error ${id} ${describe(error)}`);
  return {
    status: 500,
    code: "service/internal",
    message: `internal error ${id}`,
    hint: "tell whoever runs the service this number",
  };
}

export function errorAnswer({ code, message, hint }: Refusal): ErrorAnswer {
  return { error: { code, message, ...(hint === undefined ? {} : { hint }) } };
}

// Fastify's own refusals of a request carry a status below 500.
function clientStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("statusCode" in error) || typeof error.statusCode !== "number") return undefined;
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : undefined;
}

/** Kind, code and place of an error. Its message stays out, because a message of somebody else's code may repeat what a request held. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = "code" in error && typeof error.code === "string" ? ` ${error.code}` : "";
  const place =
    error.stack
      ?.split("\n")
      .find((line) => line.startsWith("    at "))
      ?.trim() ?? "";
  return `${error.name}${code} ${place}${error.cause instanceof Error ? `, caused by ${describe(error.cause)}` : ""}`;
}
