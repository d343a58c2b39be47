import { type Handle, hexOf } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  flag,
  list,
  nullable,
  struct,
  uint,
  version,
} from "@bulla/wire/encoding";
import type { Primitives } from "../primitives.ts";
import { type ChainBook, pinnedDevice } from "./chain-book.ts";
import { type ChapterKey, firstHead, type StreamSecrets, streamSecrets } from "./chapter-keys.ts";
import { type Constitution, constitutionCodec, devicesOf, maxConstitutionBytes, memberOf } from "./constitution.ts";
import { decodeGroup, encodeGroup, type Group, type LeafAuthority } from "./group.ts";
import { deviceName, type MemberDevice, memberDeviceCodec } from "./member-device.ts";

/** The life of a space between two commits: one MLS epoch, one chapter key, one stream (and its retries). A value; nothing in it changes while the chapter lasts but `group`, when a fleeting record moves a ratchet. */
export interface Chapter {
  readonly space: Uint8Array;
  readonly number: number;
  /** 0, then +1 for each closing record that was none. */
  readonly retry: number;
  readonly context: Uint8Array;
  readonly key: ChapterKey;
  readonly stream: StreamSecrets;
  readonly constitution: Constitution;
  /** Undefined for a device that reads with the key alone. */
  readonly group: Group | undefined;
  /** H_end of the stream before; 32 zero bytes at the beginning. */
  readonly previousEnd: Uint8Array;
}

const cursorShape = struct({
  /** Records read. */
  position: uint(),
  /** H at that position. */
  head: bytes(32),
  /** What each author's next counter is, and the last position it named. */
  authors: list(struct({ device: memberDeviceCodec, next: uint(), seen: uint() }), 100_000),
  openingSeen: flag,
});

/** How far a stream has been read. Moves only after everything before it was stored. */
export type Cursor = CodecValue<typeof cursorShape>;
const cursorCodec: Codec<Cursor> = cursorShape;

export function startCursor(
  primitives: Primitives,
  { context, retry, previousEnd }: Chapter,
  authors: Cursor["authors"] = [],
): Cursor {
  const head = firstHead(primitives, context, retry, previousEnd);
  return { position: 0, head, authors: authors.map((author) => ({ ...author, seen: 0 })), openingSeen: retry > 0 };
}

export function encodeCursor(cursor: Cursor): Uint8Array {
  return encode(cursorCodec, cursor);
}

/** @throws BullaError wire/malformed */
export function decodeCursor(input: Uint8Array): Cursor {
  return decode(cursorCodec, input, { maxBytes: 64 * 1024 * 1024 });
}

/** The next counter of a device in this chapter. */
export function nextCounter(cursor: Cursor, device: MemberDevice): number {
  const name = deviceName(device);
  return cursor.authors.find((author) => deviceName(author.device) === name)?.next ?? 0;
}

const storedShape = struct({
  version: version(1),
  space: bytes(16),
  number: uint(),
  retry: uint(0xffffffff),
  context: bytes(32),
  key: bytes(32),
  constitution: constitutionCodec,
  group: nullable(bytes({ max: 16 * 1024 * 1024 })),
  previousEnd: bytes(32),
});
const storedCodec: Codec<CodecValue<typeof storedShape>> = storedShape;

/** Holds secrets: for the sealed local store only. */
export function encodeChapter({
  space,
  number,
  retry,
  context,
  key,
  constitution,
  group,
  previousEnd,
}: Chapter): Uint8Array {
  const stored = {
    version: 1,
    space,
    number,
    retry,
    context,
    key,
    constitution,
    group: group === undefined ? null : encodeGroup(group),
    previousEnd,
  };
  return encode(storedCodec, stored);
}

/** @throws BullaError wire/malformed */
export function decodeChapter(primitives: Primitives, input: Uint8Array): Chapter {
  const { key, group, ...stored } = decode(storedCodec, input, {
    maxBytes: 16 * 1024 * 1024 + maxConstitutionBytes,
    maxDepth: 12,
  });
  const chapterKey = key.slice() as ChapterKey;
  return {
    ...stored,
    key: chapterKey,
    stream: streamSecrets(primitives, chapterKey, stored.retry),
    group: group === null ? undefined : decodeGroup(group),
  };
}

/** The same epoch in its next stream, after a closing record that was none. */
export function retryChapter(primitives: Primitives, chapter: Chapter, endHead: Uint8Array): Chapter {
  const retry = chapter.retry + 1;
  return { ...chapter, retry, stream: streamSecrets(primitives, chapter.key, retry), previousEnd: endHead };
}

/** The record key of an author, if the constitution counts that device among its own. */
export function authorKey(book: ChainBook, constitution: Constitution, author: MemberDevice): Uint8Array | undefined {
  const member = memberOf(constitution, author.handle);
  if (member === undefined || !member.devices.some((id) => hexOf(id) === hexOf(author.deviceId))) return undefined;
  return pinnedDevice(book, author, member.pin)?.keys.recordKey;
}

/** What the MLS library is told about leaves: any device that its account's verified chain ever certified with that key. Who may be in the tree now is the guard's matter. */
export function leafAuthority(book: ChainBook): LeafAuthority {
  return (device, signatureKey) => {
    const certified = book.chainOf(device.handle)?.devices.get(hexOf(device.deviceId));
    return certified !== undefined && hexOf(certified.keys.leafKey) === hexOf(signatureKey);
  };
}

/** Devices of the space that their newest known chains no longer have. While there are any, nothing may be sent: the next commit must remove them. */
export function suspendedDevices(book: ChainBook, constitution: Constitution): readonly MemberDevice[] {
  return devicesOf(constitution).filter(
    ({ handle, deviceId }) => book.chainOf(handle)?.devices.get(hexOf(deviceId))?.suspendedFrom !== undefined,
  );
}

/** Whether everybody who can read `next` could read `old`: only then may an unsent record follow by itself. */
export function noNewReaders(old: Constitution, next: Constitution): boolean {
  const known: ReadonlySet<Handle> = new Set(old.members.map((member) => member.handle));
  return next.members.every((member) => known.has(member.handle));
}
