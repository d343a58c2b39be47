import {
  type Constitution,
  maxContentBytes,
  maySend,
  memberOf,
  noNewReaders,
  type OuterRecord,
  sealLasting,
} from "@bulla/core";
import { BullaError, limits } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import type { StoreTransaction } from "../ports.ts";
import { type Account, today } from "./account.ts";
import { places } from "./places.ts";
import { loadSpace, type SpaceRecord } from "./space-shelf.ts";
import { type OutboxEntry, outboxCodec } from "./stored.ts";

type RecordEntry = Extract<OutboxEntry, { kind: "record" }>;

export interface QueuedEntry {
  readonly key: string;
  readonly entry: OutboxEntry;
}

/** Everything a space has to send, in order. */
export async function listOutbox(
  reader: Pick<StoreTransaction, "list">,
  space: string,
): Promise<readonly QueuedEntry[]> {
  const entries = await reader.list(places.outbox(space));
  return entries.map(({ key, value }) => ({ key, entry: decode(outboxCodec, value, { maxBytes: 64 * 1024 }) }));
}

export async function queueEntry(transaction: StoreTransaction, space: string, entry: OutboxEntry): Promise<void> {
  const stored = await transaction.get(places.sequence(space));
  const sequence =
    stored === undefined ? 0 : new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getUint32(0);
  const next = new Uint8Array(4);
  new DataView(next.buffer).setUint32(0, sequence + 1);
  await transaction.put(places.sequence(space), next);
  await transaction.put(places.outboxEntry(space, sequence), encode(outboxCodec, entry));
}

export async function replaceEntry(transaction: StoreTransaction, key: string, entry: OutboxEntry): Promise<void> {
  await transaction.put(key, encode(outboxCodec, entry));
}

/** Queue parts and the signed record that names them. What belongs to a closing record expires after R days, an opening lives as long as its stream. */
export async function queueRecords(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  place: { readonly number: number; readonly retry: number },
  parts: readonly OuterRecord[],
  signed: OuterRecord,
  close: boolean,
): Promise<void> {
  const { number, retry } = place;
  const expiryDay = close ? today(account) + limits.partDays : null;
  const common = { kind: "record", number, retry, expiryDay, content: null, tag: "", acknowledged: false } as const;
  for (const part of parts) await queueEntry(transaction, space, { ...common, ...part, close: false, signed: false });
  await queueEntry(transaction, space, { ...common, ...signed, close, signed: true });
}

/** Signed records of this device for one stream that it has not read back yet: each holds a counter. */
export async function countQueued(
  reader: Pick<StoreTransaction, "list">,
  space: string,
  { number, retry }: { readonly number: number; readonly retry: number },
): Promise<number> {
  const entries = await listOutbox(reader, space);
  return entries.filter(
    ({ entry }) => entry.kind === "record" && entry.signed && entry.number === number && entry.retry === retry,
  ).length;
}

/** Seal something to say and queue it, as part of the caller's step.
 *  @throws BullaError wire/too-large, space/unknown, space/fork, space/not-a-member */
export async function queueContent(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  content: Uint8Array,
  tag: string,
): Promise<void> {
  if (content.length > maxContentBytes)
    throw new BullaError("wire/too-large", `content is ${content.length} bytes, limit is ${maxContentBytes}`);
  const record = await loadSpace(transaction, account.primitives, space);
  checkWritable(record);
  if (!mayWrite(account, record.chapter.constitution))
    throw new BullaError("space/not-allowed", "a reader says nothing here", {
      hint: "an owner or admin can make this account a member: bulla space role",
    });
  const sealed = await sealNext(transaction, account, space, record, content);
  const { number, retry } = record.chapter;
  await queueEntry(transaction, space, {
    kind: "record",
    number,
    retry,
    ...sealed,
    expiryDay: null,
    close: false,
    signed: true,
    content,
    tag,
    acknowledged: false,
  });
}

/** Seal under the counter after the last one that was read back or is queued. */
async function sealNext(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  { chapter, cursor }: SpaceRecord,
  content: Uint8Array,
): Promise<OuterRecord> {
  const queued = await countQueued(transaction, space, chapter);
  return sealLasting(account.primitives, account.me, account.secrets, chapter, cursor, queued, content);
}

/** Whether this account may say something there. */
export function mayWrite({ handle }: Account, constitution: Constitution): boolean {
  const role = memberOf(constitution, handle)?.role;
  return role === undefined || maySend(role);
}

/** @throws BullaError space/fork, space/not-a-member, space/busy */
function checkWritable({ info }: Pick<SpaceRecord, "info">): void {
  if (info.state === "active") return;
  if (info.state === "removed") throw new BullaError("space/not-a-member", "this account is no longer a member there");
  if (info.state === "frozen")
    throw new BullaError("space/fork", "this conversation is stopped: its members are being shown different things", {
      hint: "compare safety numbers with them before anything else is sent",
    });
  throw new BullaError("space/busy", "this device cannot follow this conversation at the moment", {
    hint: "it will be let in again by another member; try later",
  });
}

/** A record of ours was refused by every reader, because another place that uses this home said something under its counter first: it is said again under the next one. */
export async function queueAgain(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  { key, entry }: QueuedEntry,
): Promise<void> {
  await transaction.delete(key);
  if (entry.kind !== "record" || entry.content === null) return;
  const record = await loadSpace(transaction, account.primitives, space);
  const { number, retry } = record.chapter;
  const sealed = await sealNext(transaction, account, space, record, entry.content);
  await queueEntry(transaction, space, { ...entry, number, retry, ...sealed, acknowledged: false });
}

/** A person has seen who would read it now: say what was held back, or let it go.
 *  @returns how much that was. @throws BullaError as `queueContent` */
export async function settleHeld(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  choice: "say" | "drop",
): Promise<number> {
  const held = (await listOutbox(transaction, space)).flatMap(({ key, entry }) =>
    entry.kind === "held" ? [{ key, entry }] : [],
  );
  for (const { key, entry } of held) {
    await transaction.delete(key);
    if (choice === "say") await queueContent(transaction, account, space, entry.content, entry.tag);
  }
  return held.length;
}

/** The stream went on: what was not taken there is sealed anew for the new one, unless it would have new readers; what served only the old one goes. */
export async function moveOutbox(
  transaction: StoreTransaction,
  account: Account,
  space: string,
  before: Constitution,
): Promise<void> {
  const record = await loadSpace(transaction, account.primitives, space);
  const { number, retry, constitution } = record.chapter;
  const isStale = (entry: OutboxEntry): entry is RecordEntry =>
    entry.kind === "record" && (entry.number < number || (entry.number === number && entry.retry < retry));
  const stale = (await listOutbox(transaction, space)).filter(({ entry }) => isStale(entry));
  for (const { key } of stale) await transaction.delete(key);
  for (const { entry } of stale) {
    if (entry.kind !== "record" || entry.content === null) continue;
    const { content, tag } = entry;
    if (!noNewReaders(before, constitution) || !mayWrite(account, constitution))
      await queueEntry(transaction, space, { kind: "held", content, tag });
    else
      await queueEntry(transaction, space, {
        ...entry,
        number,
        retry,
        ...(await sealNext(transaction, account, space, record, content)),
        acknowledged: false,
      });
  }
}
