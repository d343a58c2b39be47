import type { EventBody } from "@bulla/content";
import type { OuterRecord, Primitives, SignedRecord } from "@bulla/core";
import type { InnerSpace } from "./inner-view.ts";
import type { Inside, RecordPlace } from "./inside.ts";

export type FileBody = Extract<EventBody, { kind: "file" }>;

/** What somebody with the chapter key seals, whoever they are. */
export interface Forged {
  readonly claims: SignedRecord["claims"];
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

const placeOf = ({ chapter }: InnerSpace): RecordPlace => ({
  space: chapter.space,
  number: chapter.number,
  retry: chapter.retry,
  kind: "lasting",
});

export async function openRecord(
  { core, openAtPlace, unwrapRecord }: Inside,
  primitives: Primitives,
  space: InnerSpace,
  outer: OuterRecord,
): Promise<SignedRecord> {
  const { sealed } = await unwrapRecord(primitives, space.chapter.stream, outer);
  return core.decodeSignedRecord(await openAtPlace(primitives, space.chapter.stream, placeOf(space), sealed));
}

export async function forge(
  { core, sealAtPlace, wrapRecord }: Inside,
  primitives: Primitives,
  space: InnerSpace,
  forged: Forged,
): Promise<OuterRecord> {
  const { stream } = space.chapter;
  const sealed = await sealAtPlace(primitives, stream, placeOf(space), core.encodeSignedRecord(forged));
  return wrapRecord(primitives, stream, { kind: "lasting", sealed });
}

export function transferIn({ content }: Inside, encoded: Uint8Array): FileBody {
  const event = content.decodeEvent(encoded);
  if (content.isUnknown(event) || event.body.kind !== "file") throw new Error("not a file event");
  return event.body;
}

/** Whether a record says files, as everybody with the key can tell. */
export async function saysFiles(
  inside: Inside,
  primitives: Primitives,
  space: InnerSpace,
  outer: OuterRecord,
): Promise<boolean> {
  const opened = await openRecord(inside, primitives, space, outer).catch(() => undefined);
  if (opened === undefined) return false;
  const event = inside.content.decodeEvent(opened.content);
  return !inside.content.isUnknown(event) && event.body.kind === "file";
}

/** The same files under other names, as a new transfer unless it shall pass for the old one. */
export function renamed(
  { content }: Inside,
  body: FileBody,
  name: (path: string) => string,
  transferId: Uint8Array = body.transferId,
): Uint8Array {
  if (body.transfer.kind !== "inline") throw new Error("not inline");
  const transfer = content.decodeTransfer(body.transfer.transfer);
  const files = transfer.manifest.files.map((file) => ({ ...file, path: name(file.path) }));
  const changed = content.encodeTransfer({ ...transfer, transferId, manifest: { ...transfer.manifest, files } });
  return content.encodeEvent(
    content.eventOf({ ...body, transferId, transfer: { kind: "inline", transfer: changed } }, new Uint8Array(16)),
  );
}
