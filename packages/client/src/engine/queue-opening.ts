import { type Chapter, type Cursor, makeOpening, type OuterRecord } from "@bulla/core";
import { InternalError } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import type { Account } from "./account.ts";
import { countQueued, listOutbox, queueEntry, queueRecords } from "./outbox.ts";
import type { SyncContext } from "./sync-context.ts";

/** Any member may open a chapter, so that a committer who vanished holds nobody up. */
export async function ensureOpening(
  { account, chains }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  chapter: Chapter,
  cursor: Cursor,
): Promise<void> {
  if (cursor.openingSeen) return;
  const { number, retry } = chapter;
  const queued = await listOutbox(transaction, space);
  if (
    queued.some(
      ({ entry }) =>
        "number" in entry &&
        entry.number === number &&
        entry.retry === retry &&
        (entry.kind === "open" || entry.content === null),
    )
  )
    return;
  await queueOpening(
    transaction,
    account,
    space,
    chapter,
    await makeOpening(
      account.primitives,
      account.me,
      account.secrets,
      chapter,
      cursor,
      chains,
      await countQueued(transaction, space, chapter),
    ),
  );
}

/** The records that begin a stream, and the request to open it. */
export async function queueOpening(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  { number, retry }: Chapter,
  opening: readonly OuterRecord[],
): Promise<void> {
  const before =
    number === 0 && retry === 0 ? null : retry > 0 ? { number, retry: retry - 1 } : { number: number - 1, retry: 0 };
  await queueEntry(transaction, space, { kind: "open", number, retry, before });
  const signed = opening.at(-1);
  if (signed === undefined) throw new InternalError("an opening without records");
  await queueRecords(transaction, account, space, { number, retry }, opening.slice(0, -1), signed, false);
}
