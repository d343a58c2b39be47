import { decodeEvent, isUnknown } from "@bulla/content";
import {
  type Chapter,
  type Cursor,
  type Followed,
  followEnd,
  makeOpening,
  type OuterRecord,
  type ReadOutcome,
  readRecord,
  type StreamEnd,
  type WantedChain,
} from "@bulla/core";
import { BullaError, equalBytes, hexOf, InternalError, isBullaError, isErrorCode, nextHead } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import type { RecordBatch } from "../service/stream-follower.ts";
import type { Account } from "./account.ts";
import type { ChainShelf } from "./chain-shelf.ts";
import { keepNotice } from "./notices.ts";
import { countQueued, listOutbox, moveOutbox, type QueuedEntry, queueEntry, queueRecords } from "./outbox.ts";
import { places } from "./places.ts";
import { type Services, streamPatience } from "./services.ts";
import type { MailHandler } from "./space-mail.ts";
import {
  enterStream,
  loadInfo,
  loadLast,
  loadPending,
  loadSpace,
  saveChapter,
  saveCursor,
  saveInfo,
  saveLast,
} from "./space-shelf.ts";

export interface SyncContext {
  readonly account: Account;
  readonly services: Services;
  readonly chains: ChainShelf;
  readonly handlers: readonly MailHandler[];
}

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

/** Whether the service still holds, at its place, the record that was read last. */
async function compareLast(
  { store, primitives }: Account,
  space: string,
  cursor: Cursor,
  last: RecordBatch["records"][number] | undefined,
): Promise<"space/rolled-back" | "space/fork" | undefined> {
  const before = await store.get(places.head(space, cursor.position - 1));
  // Read before this was kept, or moved on in another process: the next round compares.
  if (before === undefined) return undefined;
  if (last === undefined) return "space/rolled-back";
  const bodyHash = last.kind === "record" ? primitives.sha256(last.body) : last.bodyHash;
  return equalBytes(nextHead(primitives, before, last.recordId, bodyHash), cursor.head) ? undefined : "space/fork";
}

/** Stop a space, unless it moved on meanwhile. */
async function freezeAt(
  transaction: StoreTransaction,
  { primitives }: Account,
  space: string,
  { position, head }: Cursor,
  why: "space/rolled-back" | "space/fork",
): Promise<void> {
  const { info, cursor } = await loadSpace(transaction, primitives, space);
  if (info.state === "active" && cursor.position === position && equalBytes(cursor.head, head))
    await freeze(transaction, space, why);
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
      current = await takeOutcome(context, transaction, space, current, step.outcome);
      await settleOwn(context, transaction, own.get(hexOf(entry.recordId)));
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

/** What people have to be told, even though everything goes on. */
async function noteTrouble(
  transaction: StoreTransaction,
  space: string,
  outcome: ReadOutcome,
  position: number,
): Promise<void> {
  if (outcome.kind === "said" && outcome.gap) await keepNotice(transaction, space, position, "space/gap");
  if (outcome.kind === "refused") await keepNotice(transaction, space, position, outcome.code);
}

async function takeOutcome(
  { account, handlers }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  chapter: Chapter,
  outcome: ReadOutcome,
): Promise<Chapter> {
  if (outcome.kind === "part") await transaction.put(places.piece(space, outcome.recordId), outcome.piece);
  if (outcome.kind === "said") {
    const { author, content, counter, signatureHash } = outcome;
    await transaction.put(places.said(account.primitives, space, author, counter), signatureHash);
    await hear(
      handlers,
      transaction,
      { space, author, own: hexOf(author.deviceId) === hexOf(account.me.deviceId) && author.handle === account.handle },
      content,
    );
  }
  return outcome.kind === "fleeting" ? { ...chapter, group: outcome.group } : chapter;
}

async function hear(
  handlers: readonly MailHandler[],
  transaction: StoreTransaction,
  from: { readonly space: string; readonly author: Parameters<typeof places.said>[2]; readonly own: boolean },
  content: Uint8Array,
): Promise<void> {
  let event: ReturnType<typeof decodeEvent>;
  try {
    event = decodeEvent(content);
  } catch (error) {
    // A member may say nonsense; it concerns nobody else.
    if (isBullaError(error) && error.code !== "internal/bug") return;
    throw error;
  }
  if (isUnknown(event)) return;
  for (const handler of handlers) await handler.onEvent(transaction, { ...from, event });
}

/** A record of ours that came back needs no outbox any more; if its answer was lost, this is the acknowledgement. */
async function settleOwn(
  { handlers }: SyncContext,
  transaction: StoreTransaction,
  queued: QueuedEntry | undefined,
): Promise<void> {
  if (queued?.entry.kind !== "record") return;
  const { acknowledged, tag } = queued.entry;
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
  if (followed.kind === "removed" || followed.kind === "complain") {
    await setState(transaction, space, followed.kind === "removed" ? "removed" : "stuck", null);
    return "done";
  }
  const { number, retry } = followed.chapter;
  await enterStream(transaction, account.primitives, followed.chapter, cursor);
  // A retry stream needs no opening, but somebody has to open it.
  if (retry > 0)
    await queueEntry(transaction, space, { kind: "open", number, retry, before: { number, retry: retry - 1 } });
  await moveOutbox(transaction, account, space, chapter.constitution);
  return "again";
}

/** Any member may open a chapter, so that a committer who vanished holds nobody up. */
async function ensureOpening(
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

async function freeze(transaction: StoreTransaction, space: string, why: string): Promise<void> {
  await setState(transaction, space, "frozen", why);
}

async function setState(
  transaction: StoreTransaction,
  space: string,
  state: "frozen" | "removed" | "stuck",
  why: string | null,
): Promise<void> {
  const info = await loadInfo(transaction, space);
  if (info !== undefined) await saveInfo(transaction, space, { ...info, state, why });
  if (state !== "removed")
    await keepNotice(transaction, space, 0, state === "stuck" ? "space/busy" : isErrorCode(why) ? why : "space/fork");
}
