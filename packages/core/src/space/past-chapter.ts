import { BullaError, equalBytes, hexOf, nextHead } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { ChainBook, WantedChain } from "./chain-book.ts";
import { type Chapter, type Cursor, retryChapter, startCursor } from "./chapter.ts";
import type { StreamSecrets } from "./chapter-keys.ts";
import { type KeyringEntry, readerChapter } from "./join.ts";
import { deviceName, type MemberDevice } from "./member-device.ts";
import { type PieceLookup, piecesInMemory } from "./parts.ts";
import { type ReadContext, readRecord, type StoredEntry } from "./read-record.ts";
import type { SignedRecord } from "./signed-record.ts";

export interface PastRequest {
  readonly entry: KeyringEntry;
  readonly opening: SignedRecord;
  readonly pieceOf: PieceLookup;
  readonly book: ChainBook;
  readonly me: MemberDevice;
  /** H_end of the chapter, as the chapter after it names it. */
  readonly endsAt: Uint8Array;
  /** All records of a stream that is over; undefined when it is not, or is not there. */
  readonly read: (stream: StreamSecrets) => Promise<readonly StoredEntry[] | undefined>;
}

export interface PastRecord {
  readonly author: MemberDevice;
  readonly content: Uint8Array;
  readonly retry: number;
  readonly position: number;
  readonly recordId: Uint8Array;
}

export type PastChapter =
  | {
      readonly kind: "read";
      readonly chapter: Chapter;
      /** In the order in which everybody saw it. */
      readonly said: readonly PastRecord[];
      /** Who ended the chapter; unknown when that record has expired. */
      readonly endedBy: MemberDevice | undefined;
    }
  | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] };

/** More closing records that were none than anybody sits through. */
const maxRetries = 64;

/** Read a chapter that is over with nothing but its key: history, as it was granted. What lies in it is bound twice: signatures cover ctx, and the heads lead from ctx, which the opening names,
 *  to the end that the next chapter names. An opening that somebody made up, and records that are missing or were never there, lead elsewhere.
 *  @throws BullaError space/refused-opening when this opening and these records do not lead to the end that is known, wire/* */
export async function readPastChapter(primitives: Primitives, request: PastRequest): Promise<PastChapter> {
  const { entry, opening, pieceOf, book } = request;
  const joined = await readerChapter(primitives, entry, opening, pieceOf, book);
  if (joined.kind === "wait") return joined;
  const streams = await streamsToEnd(primitives, joined.chapter, request);
  const said: PastRecord[] = [];
  let authors: Cursor["authors"] = [];
  let endedBy: MemberDevice | undefined;
  for (const { chapter, entries } of streams) {
    const reading = readingOf(primitives, chapter, authors, request);
    for (const record of entries) {
      const { outcome, position } = await reading.next(record);
      endedBy = outcome.kind === "closing" ? outcome.record.claims.author : undefined;
      if (outcome.kind !== "said") continue;
      const { author, content } = outcome;
      said.push({ author, content, retry: chapter.retry, position, recordId: record.recordId });
    }
    authors = reading.authors();
  }
  return { kind: "read", chapter: joined.chapter, said, endedBy };
}

interface PastStream {
  readonly chapter: Chapter;
  readonly entries: readonly StoredEntry[];
}

/** The stream and, as long as its closing record was none, the retry streams after it, up to the end that is known. */
async function streamsToEnd(
  primitives: Primitives,
  first: Chapter,
  { endsAt, read }: PastRequest,
): Promise<readonly PastStream[]> {
  const streams: PastStream[] = [];
  let chapter = first;
  while (chapter.retry <= maxRetries) {
    const entries = await read(chapter.stream);
    if (entries === undefined) break;
    streams.push({ chapter, entries });
    let { head } = startCursor(primitives, chapter);
    for (const entry of entries) head = nextHead(primitives, head, entry.recordId, bodyHashOf(primitives, entry));
    if (equalBytes(head, endsAt)) return streams;
    chapter = retryChapter(primitives, chapter, head);
  }
  throw new BullaError("space/refused-opening", "history refused: it does not lead to where the space is now");
}

function bodyHashOf(primitives: Primitives, entry: StoredEntry): Uint8Array {
  return entry.kind === "record" ? primitives.sha256(entry.body) : entry.bodyHash;
}

function readingOf(
  primitives: Primitives,
  chapter: Chapter,
  authors: Cursor["authors"],
  { book, me }: PastRequest,
): {
  next(
    entry: StoredEntry,
  ): Promise<{ readonly outcome: Awaited<ReturnType<typeof readRecord>>["outcome"]; readonly position: number }>;
  authors(): Cursor["authors"];
} {
  let cursor = startCursor(primitives, chapter, authors);
  const heads = [cursor.head];
  const pieces = new Map<string, Uint8Array>();
  const signatures = new Map<string, Uint8Array>();
  const context: ReadContext = {
    book,
    me,
    pieceOf: piecesInMemory(pieces),
    headAt: async (position) => heads[position],
    signatureAt: async (author, counter) => signatures.get(`${deviceName(author)} ${counter}`),
  };
  return {
    async next(entry) {
      const { position } = cursor;
      const step = await readRecord(primitives, chapter, cursor, entry, context);
      cursor = step.cursor;
      heads[cursor.position] = cursor.head;
      const { outcome } = step;
      if (outcome.kind === "part") pieces.set(hexOf(entry.recordId), outcome.piece);
      if (outcome.kind === "said")
        signatures.set(`${deviceName(outcome.author)} ${outcome.counter}`, outcome.signatureHash);
      return { outcome, position };
    },
    authors: () => cursor.authors,
  };
}
