import {
  type Chapter,
  type ChapterKey,
  type Cursor,
  decodeChapter,
  decodeCursor,
  decodePending,
  decodeSignedRecord,
  encodeChapter,
  encodeCursor,
  encodeSignedRecord,
  type PendingChange,
  type Primitives,
  type StreamEnd,
  type StreamSecrets,
  startCursor,
  streamSecrets,
} from "@bulla/core";
import { BullaError, hexOf, InternalError } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import type { Store, StoreTransaction } from "../ports.ts";
import { places } from "./places.ts";
import { type SpaceInfo, spaceInfoCodec, storedKeyringCodec, storedLastCodec } from "./stored.ts";

type Reader = Pick<StoreTransaction, "get" | "list">;

/** A space as it stands in the store. */
export interface SpaceRecord {
  readonly info: SpaceInfo;
  readonly chapter: Chapter;
  readonly cursor: Cursor;
}

/** @throws BullaError space/unknown */
export async function loadSpace(reader: Reader, primitives: Primitives, space: string): Promise<SpaceRecord> {
  const [info, chapter, cursor] = await Promise.all([
    reader.get(places.info(space)),
    reader.get(places.chapter(space)),
    reader.get(places.cursor(space)),
  ]);
  if (info === undefined || chapter === undefined || cursor === undefined)
    throw new BullaError("space/unknown", "there is no such space on this device");
  return {
    info: decode(spaceInfoCodec, info, { maxBytes: 4096 }),
    chapter: decodeChapter(primitives, chapter),
    cursor: decodeCursor(cursor),
  };
}

export async function loadInfo(reader: Reader, space: string): Promise<SpaceInfo | undefined> {
  const stored = await reader.get(places.info(space));
  return stored === undefined ? undefined : decode(spaceInfoCodec, stored, { maxBytes: 4096 });
}

export async function saveInfo(transaction: StoreTransaction, space: string, info: SpaceInfo): Promise<void> {
  await transaction.put(places.info(space), encode(spaceInfoCodec, info));
}

/** Every space of this device, as ids in hex. */
export async function listSpaces(store: Store): Promise<readonly string[]> {
  const found = await store.list(places.spaces);
  return found.flatMap(({ key }) => (key.endsWith("/info") ? [key.split("/")[1] ?? ""] : []));
}

/** Begin a chapter (or the retry of one): its key joins the keyring, the cursor starts, what belonged to the stream before goes. */
export async function enterStream(
  transaction: StoreTransaction,
  primitives: Primitives,
  chapter: Chapter,
  before: Cursor | undefined,
): Promise<Cursor> {
  const space = hexOf(chapter.space);
  const cursor = startCursor(primitives, chapter, chapter.retry > 0 ? (before?.authors ?? []) : []);
  for (const prefix of [
    places.heads(space),
    places.pieces(space),
    ...(chapter.retry > 0 ? [] : [places.allSaid(space)]),
  ]) {
    for (const { key } of await transaction.list(prefix)) await transaction.delete(key);
  }
  await transaction.delete(places.last(space));
  await saveChapter(transaction, space, chapter);
  await saveCursor(transaction, space, cursor);
  const { number, key, previousEnd } = chapter;
  if (chapter.retry === 0)
    await transaction.put(places.keyring(space, number), encode(storedKeyringCodec, { number, key, previousEnd }));
  return cursor;
}

export async function saveChapter(transaction: StoreTransaction, space: string, chapter: Chapter): Promise<void> {
  await transaction.put(places.chapter(space), encodeChapter(chapter));
}

export async function saveLast(
  transaction: StoreTransaction,
  space: string,
  { recordId, record }: StreamEnd,
): Promise<void> {
  await transaction.put(
    places.last(space),
    encode(storedLastCodec, { recordId, closing: record === undefined ? null : encodeSignedRecord(record) }),
  );
}

export async function loadLast(reader: Reader, space: string): Promise<StreamEnd | undefined> {
  const stored = await reader.get(places.last(space));
  if (stored === undefined) return undefined;
  const { recordId, closing } = decode(storedLastCodec, stored, { maxBytes: 32768 });
  return { recordId, record: closing === null ? undefined : decodeSignedRecord(closing) };
}

export async function saveCursor(transaction: StoreTransaction, space: string, cursor: Cursor): Promise<void> {
  await transaction.put(places.cursor(space), encodeCursor(cursor));
  await transaction.put(places.head(space, cursor.position), cursor.head);
}

export async function loadPending(reader: Reader, space: string): Promise<PendingChange | undefined> {
  const stored = await reader.get(places.pending(space));
  return stored === undefined ? undefined : decodePending(stored);
}

/** Secrets of any stream whose chapter key this device holds. */
export async function streamOf(
  reader: Reader,
  primitives: Primitives,
  space: string,
  { number, retry }: { readonly number: number; readonly retry: number },
): Promise<StreamSecrets> {
  const stored = await reader.get(places.keyring(space, number));
  if (stored === undefined) throw new InternalError("no chapter key for a stream of the outbox");
  return streamSecrets(
    primitives,
    decode(storedKeyringCodec, stored, { maxBytes: 256 }).key.slice() as ChapterKey,
    retry,
  );
}
