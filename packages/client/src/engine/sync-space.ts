import {
  type Chapter,
  type Cursor,
  type Followed,
  followEnd,
  type MemberDevice,
  type ReadOutcome,
  readRecord,
  type StreamEnd,
  startCursor,
  type WantedChain,
} from "@bulla/core";
import { BullaError, hexOf, isBullaError } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import type { RecordBatch } from "../service/stream-follower.ts";
import type { Account } from "./account.ts";
import { heardFrom } from "./hear-said.ts";
import { queueHistory } from "./history.ts";
import { queueInvitations, takeInvitees } from "./invitees.ts";
import { listOutbox, moveOutbox, type QueuedEntry, queueAgain, queueEntry } from "./outbox.ts";
import { places } from "./places.ts";
import { ensureOpening } from "./queue-opening.ts";
import { streamPatience } from "./services.ts";
import type { HeardEvent } from "./space-mail.ts";
import { enterStream, loadLast, loadPending, loadSpace, saveChapter, saveCursor, saveLast } from "./space-shelf.ts";
import { compareLast, freeze, freezeAt, noteTrouble, setState } from "./stop-space.ts";
import type { StoredInvitee } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

const pageRecords = 256;

/** Read a space to its end: every record that is there, then the next chapter, until nothing is new. What was read is stored before the cursor moves, in one step. */
export async function syncSpace(context: SyncContext, space: string): Promise<void> {
  const { account, services } = context;
  for (;;) {
    const { info, chapter, cursor } = await loadSpace(account.store, account.primitives, space);
    if (info.state !== "active") return;
    await context.chains.load(chapter.constitution.members.map((member) => member.handle));
    const streams = await services.streams(info.home);
    await streams.attach(
      chapter.stream,
      (message) => account.primitives.signEd25519(chapter.stream.writeSeed, message),
      streamPatience,
    );
    // The last record that was read is asked for again: a service that went back, or shows another stream, is found out at once.
    const overlap = cursor.position > 0 ? 1 : 0;
    const page = await streams.read(chapter.stream.sid, cursor.position - overlap, pageRecords, streamPatience);
    const trouble = overlap === 0 ? undefined : await compareLast(account, space, cursor, page.records[0]);
    if (trouble !== undefined) {
      await account.store.step((transaction) => freezeAt(transaction, account, space, cursor, trouble));
      return;
    }
    const news = { ...page, from: cursor.position, records: page.records.slice(overlap) };
    const wanted = await takeBatch(context, space, chapter, news);
    if (wanted !== "again" && wanted !== "done") for (const { handle } of wanted) await context.chains.lookup(handle);
    if (wanted === "done" && !page.more) return;
  }
}

/** Store one batch. `again`: the space moved on, here or in another process; `done`: that was all for now; otherwise the chains that are needed first. */
async function takeBatch(
  context: SyncContext,
  space: string,
  chapter: Chapter,
  batch: RecordBatch,
): Promise<"again" | "done" | readonly WantedChain[]> {
  const { account } = context;
  return account.store.step(async (transaction) => {
    const now = await loadSpace(transaction, account.primitives, space);
    if (
      now.info.state !== "active" ||
      hexOf(now.chapter.stream.sid) !== hexOf(chapter.stream.sid) ||
      now.cursor.position !== batch.from
    )
      return "again";
    let { cursor } = now;
    let current = now.chapter;
    let end: StreamEnd | undefined;
    const own = new Map(
      (await listOutbox(transaction, space)).flatMap((queued) =>
        queued.entry.kind === "record" ? [[hexOf(queued.entry.recordId), queued] as const] : [],
      ),
    );
    for (const entry of batch.records) {
      const reading = { book: context.chains, me: account.me, ...lookups(transaction, account, space) };
      const step = await readRecord(account.primitives, current, cursor, entry, reading);
      cursor = step.cursor;
      await noteTrouble(transaction, space, step.outcome, cursor.position);
      if (step.outcome.kind === "fork") {
        await freeze(transaction, space, "space/fork");
        return "done";
      }
      await saveCursor(transaction, space, cursor);
      const { number, retry } = current;
      const place = { number, retry, position: cursor.position - 1, recordId: entry.recordId };
      current = await takeOutcome(context, transaction, space, current, step.outcome, place);
      await settleOwn(context, transaction, space, own.get(hexOf(entry.recordId)), step.outcome);
      end = { recordId: entry.recordId, record: step.outcome.kind === "closing" ? step.outcome.record : undefined };
    }
    if (end !== undefined) await saveLast(transaction, space, end);
    if (current !== now.chapter) await saveChapter(transaction, space, current);
    if (batch.closed) return takeEnd(context, transaction, space, current, cursor, end);
    if (batch.records.length < pageRecords) await ensureOpening(context, transaction, space, current, cursor);
    return "done";
  });
}

function lookups(
  transaction: StoreTransaction,
  account: Account,
  space: string,
): {
  readonly pieceOf: (recordId: Uint8Array) => Promise<Uint8Array | undefined>;
  readonly headAt: (position: number) => Promise<Uint8Array | undefined>;
  readonly signatureAt: (author: Parameters<typeof places.said>[2], counter: number) => Promise<Uint8Array | undefined>;
} {
  return {
    pieceOf: (recordId) => transaction.get(places.piece(space, recordId)),
    headAt: (position) => transaction.get(places.head(space, position)),
    signatureAt: (author, counter) => transaction.get(places.said(account.primitives, space, author, counter)),
  };
}

async function takeOutcome(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  chapter: Chapter,
  outcome: ReadOutcome,
  place: HeardEvent["place"],
): Promise<Chapter> {
  if (outcome.kind === "part") await transaction.put(places.piece(space, outcome.recordId), outcome.piece);
  if (outcome.kind === "said") {
    const { author, content, counter, signatureHash } = outcome;
    await transaction.put(places.said(context.account.primitives, space, author, counter), signatureHash);
    const heard = heardFrom(context, space, chapter, author, content, place);
    if (heard !== undefined) for (const handler of context.handlers) await handler.onEvent(transaction, heard);
  }
  return outcome.kind === "fleeting" ? { ...chapter, group: outcome.group } : chapter;
}

/** A record of ours that came back needs no outbox any more, unless nobody takes it; if its answer was lost, this is the acknowledgement. */
async function settleOwn(
  { account, handlers }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  queued: QueuedEntry | undefined,
  outcome: ReadOutcome,
): Promise<void> {
  if (queued?.entry.kind !== "record") return;
  const { acknowledged, tag } = queued.entry;
  if (outcome.kind === "refused" && outcome.overtaken === true) {
    if (tag !== "") for (const handler of handlers) await handler.onTakenBack?.(transaction, tag);
    await queueAgain(transaction, account, space, queued);
    return;
  }
  if (!acknowledged && tag !== "") for (const handler of handlers) await handler.onAcknowledged(transaction, tag);
  await transaction.delete(queued.key);
}

async function takeEnd(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  chapter: Chapter,
  cursor: Cursor,
  end: StreamEnd | undefined,
): Promise<"again" | "done" | readonly WantedChain[]> {
  const { account } = context;
  const last = end ?? (await loadLast(transaction, space));
  if (last === undefined) throw new BullaError("transport/bad-answer", "the service closed an empty stream");
  const { pieceOf, headAt } = lookups(transaction, account, space);
  const pending = await loadPending(transaction, space);
  let followed: Followed;
  try {
    followed = await followEnd(account.primitives, chapter, cursor, last, {
      me: account.me,
      book: context.chains,
      pieceOf,
      headAt,
      pending,
    });
  } catch (error) {
    if (!isBullaError(error, "identity/pin-mismatch")) throw error;
    await freeze(transaction, space, error.code);
    return "done";
  }
  if (followed.kind === "wait") return followed.wanted;
  await transaction.delete(places.pending(space));
  const invitees = await takeInvitees(transaction, space);
  if (followed.kind === "removed" || followed.kind === "complain") {
    await setState(transaction, space, followed.kind === "removed" ? "removed" : "stuck", null);
    if (followed.kind === "removed") await tellRemoval(context, transaction, space, chapter, followed.by);
    return "done";
  }
  const { number, retry } = followed.chapter;
  await enterStream(transaction, account.primitives, followed.chapter, cursor);
  // A retry stream needs no opening, but somebody has to open it.
  if (retry > 0)
    await queueEntry(transaction, space, { kind: "open", number, retry, before: { number, retry: retry - 1 } });
  await moveOutbox(transaction, account, space, chapter.constitution);
  if (followed.kind === "next")
    await changed(context, transaction, space, chapter, followed, invitees, pending?.welcome);
  return "again";
}

/** All that whoever is removed learns of the next chapter is that it is without them. */
async function tellRemoval(
  { account, handlers }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  { number, constitution: before }: Chapter,
  by: MemberDevice,
): Promise<void> {
  const after = { ...before, members: before.members.filter(({ handle }) => handle !== account.handle) };
  const change = { space, number: number + 1, by, own: false, invited: false, granted: false, before, after };
  for (const handler of handlers) await handler.onChange?.(transaction, change);
}

async function changed(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  { constitution: before }: Chapter,
  { chapter, own, by }: Extract<Followed, { kind: "next" }>,
  invitees: readonly StoredInvitee[],
  welcome: Uint8Array | undefined,
): Promise<void> {
  let granted = false;
  const invited = own && welcome !== undefined && invitees.length > 0;
  if (invited) {
    // The opening first: whoever is invited looks for it.
    await ensureOpening(context, transaction, space, chapter, startCursor(context.account.primitives, chapter));
    await queueInvitations(context, transaction, space, chapter, invitees, welcome);
    granted = await queueHistory(context, transaction, space, chapter, invitees);
  }
  const { number, constitution: after } = chapter;
  // With one person left it is no conversation with anybody: the next thing said begins a new one.
  if (after.kind === "direct" && after.members.length < 2 && before.members.length > 1)
    await setState(transaction, space, "removed", null);
  for (const handler of context.handlers)
    await handler.onChange?.(transaction, { space, number, by, own, invited, granted, before, after });
}
