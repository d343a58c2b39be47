import { type ErrorCode, equalBytes, isBullaError, nextHead } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { ChainBook } from "./chain-book.ts";
import { authorKey, type Chapter, type Cursor, leafAuthority } from "./chapter.ts";
import { memberOf } from "./constitution.ts";
import { openFleeting } from "./fleeting-message.ts";
import { type Group } from "./group.ts";
import { deviceName, type MemberDevice, sameDevice } from "./member-device.ts";
import { verifyOpening } from "./opening.ts";
import { unwrapRecord } from "./outer-record.ts";
import { openPiece, type PieceLookup } from "./parts.ts";
import { maySend } from "./rights.ts";
import { openSignedRecord, type SignedRecord, verifySignedRecord } from "./signed-record.ts";

/** A record as the stream holds it. */
export type StoredEntry =
  | { readonly kind: "record"; readonly recordId: Uint8Array; readonly body: Uint8Array }
  | { readonly kind: "expired"; readonly recordId: Uint8Array; readonly bodyHash: Uint8Array };

export type ReadOutcome =
  /** Something a member said. `gap`: an earlier record of the same device is missing. */
  | {
      readonly kind: "said";
      readonly author: MemberDevice;
      readonly content: Uint8Array;
      readonly counter: number;
      readonly gap: boolean;
      readonly signatureHash: Uint8Array;
    }
  /** Said in a fleeting record; `group` replaces the chapter's, in the same store transaction. */
  | { readonly kind: "fleeting"; readonly author: MemberDevice; readonly content: Uint8Array; readonly group: Group }
  | { readonly kind: "part"; readonly recordId: Uint8Array; readonly piece: Uint8Array }
  /** A candidate for the end of the stream; judged by `followEnd` when the stream is closed and this is its last record. */
  | { readonly kind: "closing"; readonly record: SignedRecord }
  | { readonly kind: "opening"; readonly valid: boolean }
  | { readonly kind: "complaint"; readonly record: SignedRecord }
  /** The same signed content again, or this device's own fleeting record. */
  | { readonly kind: "nothing" }
  | { readonly kind: "expired" }
  /** Its author saw another stream than this device: two worlds are being shown. */
  | { readonly kind: "fork"; readonly author: MemberDevice; readonly position: number }
  /** Not shown to anybody; the code says why. `overtaken`: rightly signed, but its device had said something else under that counter, or had seen more, before it:
   *  a device that runs twice. Every reader of the stream refuses it, so its author may say the same again. */
  | { readonly kind: "refused"; readonly code: ErrorCode; readonly overtaken?: true };

export interface ReadContext {
  readonly book: ChainBook;
  readonly me: MemberDevice;
  readonly pieceOf: PieceLookup;
  /** The head at an earlier position of this stream. */
  readonly headAt: (position: number) => Promise<Uint8Array | undefined>;
  /** SHA-256 of the signature of what that device said under that counter in this chapter. */
  readonly signatureAt: (author: MemberDevice, counter: number) => Promise<Uint8Array | undefined>;
}

export interface ReadStep {
  readonly outcome: ReadOutcome;
  /** To be stored together with the outcome. Its head is H at the new position. */
  readonly cursor: Cursor;
}

/** Read the next record of a stream: unwrap, open, verify. Whatever is wrong with one record never stops the stream; only `fork` does. */
export async function readRecord(
  primitives: Primitives,
  chapter: Chapter,
  cursor: Cursor,
  entry: StoredEntry,
  context: ReadContext,
): Promise<ReadStep> {
  const bodyHash = entry.kind === "record" ? primitives.sha256(entry.body) : entry.bodyHash;
  const moved: Cursor = {
    ...cursor,
    position: cursor.position + 1,
    head: nextHead(primitives, cursor.head, entry.recordId, bodyHash),
  };
  if (entry.kind === "expired") return { outcome: { kind: "expired" }, cursor: moved };
  try {
    return await openEntry(primitives, chapter, cursor, moved, entry, context);
  } catch (error) {
    if (!isBullaError(error) || error.code === "identity/pin-mismatch" || error.code === "internal/bug") throw error;
    return { outcome: { kind: "refused", code: error.code }, cursor: moved };
  }
}

async function openEntry(
  primitives: Primitives,
  chapter: Chapter,
  cursor: Cursor,
  moved: Cursor,
  entry: StoredEntry & { kind: "record" },
  context: ReadContext,
): Promise<ReadStep> {
  const { stream } = chapter;
  const { kind, sealed } = await unwrapRecord(primitives, stream, entry);
  if (kind === "part") {
    return {
      outcome: { kind: "part", recordId: entry.recordId, piece: await openPiece(primitives, stream, chapter, sealed) },
      cursor: moved,
    };
  }
  if (kind === "fleeting")
    return { outcome: await openFleetingEntry(primitives, chapter, sealed, context), cursor: moved };
  const place = { space: chapter.space, number: chapter.number, retry: chapter.retry, kind, context: chapter.context };
  const record = await openSignedRecord(primitives, stream, place, sealed);
  const key = authorKey(context.book, chapter.constitution, record.claims.author);
  if (kind === "closing") {
    // Judged when the stream has ended: a device that comes in by itself is not in this constitution. Until then only a true author's counter moves.
    const genuine =
      key !== undefined &&
      (await verifySignedRecord(primitives, place, record, key).then(
        () => true,
        () => false,
      ));
    return { outcome: { kind: "closing", record }, cursor: genuine ? countClosing(moved, record) : moved };
  }
  if (key === undefined) return { outcome: { kind: "refused", code: "space/refused-record" }, cursor: moved };
  await verifySignedRecord(primitives, place, record, key);
  return acceptSigned(primitives, chapter, cursor, moved, kind, record, context);
}

async function acceptSigned(
  primitives: Primitives,
  chapter: Chapter,
  cursor: Cursor,
  moved: Cursor,
  kind: "lasting" | "opening" | "complaint",
  record: SignedRecord,
  context: ReadContext,
): Promise<ReadStep> {
  const { author, counter, seen, head } = record.claims;
  const name = deviceName(author);
  const known = cursor.authors.find((candidate) => deviceName(candidate.device) === name);
  const expected = known?.next ?? 0;
  if (counter < expected) {
    // Shown again by the service or a member: dropped. Anything else under a used counter is a device that runs twice, or lies.
    const before = await context.signatureAt(author, counter);
    const repeated = before !== undefined && equalBytes(before, primitives.sha256(record.signature));
    return { outcome: repeated ? { kind: "nothing" } : overtaken, cursor: moved };
  }
  if (seen < (known?.seen ?? 0)) return { outcome: overtaken, cursor: moved };
  // Who has seen more than was shown here tells that something is withheld.
  const ownHead =
    seen === cursor.position ? cursor.head : seen < cursor.position ? await context.headAt(seen) : undefined;
  if (ownHead === undefined || !equalBytes(ownHead, head))
    return { outcome: { kind: "fork", author, position: seen }, cursor: moved };
  const counted = {
    ...moved,
    authors: [
      ...cursor.authors.filter((candidate) => candidate !== known),
      { device: author, next: counter + 1, seen },
    ],
  };
  if (kind === "complaint") return { outcome: { kind: "complaint", record }, cursor: counted };
  if (kind === "opening") {
    const valid = await verifyOpening(primitives, chapter, record, context.pieceOf, context.book).then(
      () => true,
      () => false,
    );
    return { outcome: { kind: "opening", valid }, cursor: { ...counted, openingSeen: cursor.openingSeen || valid } };
  }
  const role = memberOf(chapter.constitution, author.handle)?.role;
  if (role === undefined || !maySend(role))
    return { outcome: { kind: "refused", code: "space/refused-record" }, cursor: counted };
  return {
    outcome: {
      kind: "said",
      author,
      content: record.content,
      counter,
      gap: counter > expected,
      signatureHash: primitives.sha256(record.signature),
    },
    cursor: counted,
  };
}

const overtaken: ReadOutcome = { kind: "refused", code: "space/refused-record", overtaken: true };

/** A closing record uses up a counter of its author as well. */
function countClosing(moved: Cursor, { claims }: SignedRecord): Cursor {
  const known = moved.authors.find((candidate) => sameDevice(candidate.device, claims.author));
  if (claims.counter !== (known?.next ?? 0)) return moved;
  const author = { device: claims.author, next: claims.counter + 1, seen: known?.seen ?? 0 };
  return { ...moved, authors: [...moved.authors.filter((candidate) => candidate !== known), author] };
}

async function openFleetingEntry(
  primitives: Primitives,
  chapter: Chapter,
  sealed: Uint8Array,
  { book }: ReadContext,
): Promise<ReadOutcome> {
  // Whoever holds only the key cannot open it: fleeting records are not history.
  if (chapter.group === undefined) return { kind: "nothing" };
  const opened = await openFleeting(primitives, chapter.group, sealed, chapter.context, leafAuthority(book));
  return opened === undefined
    ? { kind: "nothing" }
    : { kind: "fleeting", author: opened.author, content: opened.content, group: opened.group };
}
