import { BullaError, equalBytes } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, struct } from "@bulla/wire/encoding";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import type { ChainBook } from "./chain-book.ts";
import { authorKey, type Chapter, type Cursor, leafAuthority, nextCounter } from "./chapter.ts";
import { chapterContext } from "./chapter-keys.ts";
import { type Constitution, constitutionCodec, constitutionHash, decodeConstitution } from "./constitution.ts";
import {
  type EpochFacts,
  exportGroupInfo,
  factsOfGroup,
  factsOfGroupInfo,
  type VerifiedGroupInfo,
  verifyGroupInfo,
} from "./group-info.ts";
import { checkRoster } from "./guard.ts";
import type { MemberDevice } from "./member-device.ts";
import type { OuterRecord } from "./outer-record.ts";
import { assemblePart, type PieceLookup, partReferenceCodec, sealParts } from "./parts.ts";
import { type SignedRecord, sealSignedRecord, verifySignedRecord } from "./signed-record.ts";

const contentShape = struct({
  groupInfo: partReferenceCodec,
  constitution: partReferenceCodec,
  previousEnd: bytes(32),
});
/** What an opening says: where GroupInfo and constitution lie, and how the stream before ended. */
export type OpeningContent = CodecValue<typeof contentShape>;
const contentCodec: Codec<OpeningContent> = contentShape;

const refused = (why: string): BullaError => new BullaError("space/refused-opening", `opening refused: ${why}`);

/** The records that begin a chapter's stream. Any member may make them. `queued` counts this device's signed records for this chapter that were not read back yet. */
export async function makeOpening(
  primitives: Primitives,
  author: MemberDevice,
  secrets: DeviceSecrets,
  chapter: Chapter,
  cursor: Cursor,
  book: ChainBook,
  queued = 0,
): Promise<readonly OuterRecord[]> {
  const { group, stream, constitution, context, space, number, retry, previousEnd } = chapter;
  if (group === undefined) throw new BullaError("space/not-a-member", "only a member can open a chapter");
  const place = { space, number, retry, context };
  const info = await exportGroupInfo(
    primitives,
    group,
    constitutionHash(primitives, constitution),
    leafAuthority(book),
  );
  const groupInfo = await sealParts(primitives, stream, place, info);
  const rules = await sealParts(primitives, stream, place, encode(constitutionCodec, constitution));
  const content = encode(contentCodec, { groupInfo: groupInfo.reference, constitution: rules.reference, previousEnd });
  const claims = { author, counter: nextCounter(cursor, author) + queued, seen: cursor.position, head: cursor.head };
  const opening = await sealSignedRecord(primitives, stream, { ...place, kind: "opening" }, secrets, claims, content);
  return [...groupInfo.records, ...rules.records, opening];
}

export interface ReadOpening {
  readonly info: VerifiedGroupInfo;
  readonly constitution: Constitution;
  readonly context: Uint8Array;
  readonly previousEnd: Uint8Array;
}

/** Take an opening apart: signature of the GroupInfo, constitution that it names, author that the constitution names, leaves that the constitution pins. Proves that a member wrote it, not that the epoch is the one that members are in.
 *  @throws BullaError space/refused-opening, space/refused-record, identity/pin-mismatch */
export async function readOpening(
  primitives: Primitives,
  place: { readonly space: Uint8Array; readonly number: number; readonly retry: number },
  record: SignedRecord,
  pieceOf: PieceLookup,
): Promise<ReadOpening & { readonly verify: (book: ChainBook) => Promise<void> }> {
  const content = decode(contentCodec, record.content, { maxBytes: 16384 });
  const groupInfoBytes = await assemblePart(primitives, content.groupInfo, pieceOf);
  const constitutionBytes = await assemblePart(primitives, content.constitution, pieceOf);
  if (groupInfoBytes === undefined || constitutionBytes === undefined) throw refused("parts of it are missing");
  const info = await verifyGroupInfo(primitives, groupInfoBytes);
  const constitution = decodeConstitution(constitutionBytes);
  const hash = constitutionHash(primitives, constitution);
  if (!equalBytes(info.constitutionHash, hash))
    throw refused("its constitution is not the one that its GroupInfo names");
  if (!equalBytes(constitution.space, place.space) || !equalBytes(info.groupId, place.space))
    throw refused("it belongs to another space");
  if (constitution.number !== place.number || info.epoch !== BigInt(place.number))
    throw refused("it belongs to another chapter");
  const context = chapterContext(primitives, { ...place, transcript: info.transcript, constitution: hash });
  const verify = async (book: ChainBook): Promise<void> => {
    const key = authorKey(book, constitution, record.claims.author);
    if (key === undefined) throw refused("its author is no member");
    await verifySignedRecord(primitives, { ...place, kind: "opening", context }, record, key);
    checkRoster(book, constitution, info.leaves);
  };
  return { info, constitution, context, previousEnd: content.previousEnd, verify };
}

/** What a member checks: the opening tells of exactly the epoch and the constitution that it computed itself.
 *  @throws BullaError space/refused-opening, space/refused-record */
export async function verifyOpening(
  primitives: Primitives,
  chapter: Chapter,
  record: SignedRecord,
  pieceOf: PieceLookup,
  book: ChainBook,
): Promise<void> {
  const { group } = chapter;
  if (group === undefined) throw new BullaError("space/not-a-member", "only a member can judge an opening");
  const opening = await readOpening(primitives, chapter, record, pieceOf);
  await opening.verify(book);
  if (!equalBytes(opening.context, chapter.context)) throw refused("it tells of another chapter");
  if (!equalBytes(opening.previousEnd, chapter.previousEnd)) throw refused("it follows another stream");
  if (!sameFacts(factsOfGroupInfo(opening.info), await factsOfGroup(primitives, group)))
    throw refused("its GroupInfo is not of this epoch");
}

export function sameFacts(a: EpochFacts, b: EpochFacts): boolean {
  return (
    equalBytes(a.groupContext, b.groupContext) &&
    equalBytes(a.confirmationTag, b.confirmationTag) &&
    equalBytes(a.externalPub, b.externalPub)
  );
}
