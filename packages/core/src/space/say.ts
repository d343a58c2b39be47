import { BullaError } from "@bulla/wire";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import type { ChainBook } from "./chain-book.ts";
import { type Chapter, type Cursor, leafAuthority, nextCounter } from "./chapter.ts";
import { protectFleeting } from "./fleeting-message.ts";
import { type Group } from "./group.ts";
import type { MemberDevice } from "./member-device.ts";
import { type OuterRecord, wrapRecord } from "./outer-record.ts";
import { maxContentBytes, sealSignedRecord } from "./signed-record.ts";

/** Seal a lasting record. `queued` counts this device's records for this chapter that were sealed but not read back yet.
 *  @throws BullaError wire/too-large */
export async function sealLasting(
  primitives: Primitives,
  author: MemberDevice,
  secrets: DeviceSecrets,
  chapter: Chapter,
  cursor: Cursor,
  queued: number,
  content: Uint8Array,
): Promise<OuterRecord> {
  if (content.length > maxContentBytes)
    throw new BullaError("wire/too-large", `content is ${content.length} bytes, limit is ${maxContentBytes}`);
  const claims = { author, counter: nextCounter(cursor, author) + queued, seen: cursor.position, head: cursor.head };
  return sealSignedRecord(primitives, chapter.stream, { ...chapter, kind: "lasting" }, secrets, claims, content);
}

/** Seal a fleeting record. The returned group must be stored before the record leaves: a generation is used once.
 *  @throws BullaError space/not-a-member */
export async function sealFleeting(
  primitives: Primitives,
  chapter: Chapter,
  book: ChainBook,
  content: Uint8Array,
): Promise<{ readonly record: OuterRecord; readonly group: Group }> {
  if (chapter.group === undefined) throw new BullaError("space/not-a-member", "only a member can write");
  const { group, message } = await protectFleeting(
    primitives,
    chapter.group,
    content,
    chapter.context,
    leafAuthority(book),
  );
  return { record: await wrapRecord(primitives, chapter.stream, { kind: "fleeting", sealed: message }), group };
}
