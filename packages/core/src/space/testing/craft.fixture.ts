import { concatBytes, labelBytes, uintBytes } from "@bulla/wire";
import { nextCounter } from "../chapter.ts";
import { kindByte, type OuterRecord, type RecordKind, unwrapRecord, wrapRecord } from "../outer-record.ts";
import { openAtPlace, sealAtPlace } from "../record-seal.ts";
import { type Claims, type SigningPlace, sealSignedRecord } from "../signed-record.ts";
import type { Member } from "./member.fixture.ts";
import { utf8 } from "./present.fixture.ts";

/** What a member signs when it does not keep to the rules: any claims, any place, under its own record key. */
export async function craft(
  member: Member,
  claims: Partial<Claims>,
  place?: SigningPlace,
  content: Uint8Array = utf8("crafted"),
): Promise<OuterRecord> {
  const { world, chapter, cursor, me, device } = member;
  const honest = { author: me, counter: nextCounter(cursor, me), seen: cursor.position, head: cursor.head };
  return sealSignedRecord(
    world.primitives,
    chapter.stream,
    place ?? { ...chapter, kind: "lasting" },
    device.secrets,
    { ...honest, ...claims },
    content,
  );
}

/** Any inner bytes under the keys of the stream: what a holder of the chapter key can hand to the service. */
export async function rawRecord(
  { world: { primitives }, chapter: { stream } }: Pick<Member, "world" | "chapter">,
  inner: Uint8Array,
): Promise<OuterRecord> {
  const recordId = primitives.sha256(labelBytes("recordId"), stream.sid, inner).slice(0, 16);
  const key = primitives.hkdfSha256(stream.outerKey, recordId, labelBytes("outerRecord"), 32);
  return {
    recordId,
    body: await primitives.sealAes256Gcm(key, new Uint8Array(12), concatBytes(stream.sid, recordId), inner),
  };
}

/** Inner bytes as the layout has them, padded to any size. */
export function innerBytes(kind: RecordKind, sealed: Uint8Array, size: number): Uint8Array {
  const inner = new Uint8Array(size - 16);
  inner.set(concatBytes(Uint8Array.of(kindByte(kind)), uintBytes(sealed.length, 4), sealed));
  return inner;
}

/** The same sealed bytes in a larger wrap: another record id for the service, the same record for a reader. */
export async function rewrapped(member: Member, record: OuterRecord): Promise<OuterRecord> {
  const { kind, sealed } = await unwrapRecord(member.world.primitives, member.chapter.stream, record);
  return rawRecord(member, innerBytes(kind, sealed, 4096));
}

/** The same signed content under a fresh seal. */
export async function resealed({ world, chapter }: Member, record: OuterRecord): Promise<OuterRecord> {
  const { kind, sealed } = await unwrapRecord(world.primitives, chapter.stream, record);
  const opened = await openAtPlace(world.primitives, chapter.stream, { ...chapter, kind }, sealed);
  return wrapRecord(world.primitives, chapter.stream, {
    kind,
    sealed: await sealAtPlace(world.primitives, chapter.stream, { ...chapter, kind }, opened),
  });
}
