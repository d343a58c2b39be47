import type { Result } from "@bulla/wire/api";
import { badAnswer } from "./service-refusal.ts";
import type { RecordBatch } from "./stream-follower.ts";

/** `duplicate`: this very record is there, maybe by an earlier attempt whose answer was lost. */
export type AppendResult = Extract<Result, { readonly kind: "appended" | "duplicate" | "conflict" | "closed" }>;

export interface RecordPage extends RecordBatch {
  readonly more: boolean;
}

/** @throws BullaError transport/bad-answer */
export function readDone(result: Result): void {
  if (result.kind !== "done") throw badAnswer("service answered with another kind of result than asked for");
}

/** @throws BullaError transport/bad-answer */
export function readAppended(result: Result): AppendResult {
  if (
    result.kind === "appended" ||
    result.kind === "duplicate" ||
    result.kind === "conflict" ||
    result.kind === "closed"
  )
    return result;
  throw badAnswer("service answered with another kind of result than asked for");
}

/** @throws BullaError transport/bad-answer when the records are not those that were asked for */
export function readPage(result: Result, from: number, max: number): RecordPage {
  if (result.kind !== "records") throw badAnswer("service answered with another kind of result than asked for");
  if (result.from !== from) throw badAnswer("service answered with records from another position");
  if (result.records.length > max) throw badAnswer("service answered with more records than asked for");
  if (result.more && result.records.length === 0) throw badAnswer("service promises more records and sends none");
  const { records, closed, more } = result;
  // The service's flag says that the stream is closed, not that this is its end.
  return { from, records, closed: closed && !more, more };
}
