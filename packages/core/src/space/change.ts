import { BullaError } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, nullable, struct, version } from "@bulla/wire/encoding";
import type * as mls from "ts-mls";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { applyOperations } from "./apply-operations.ts";
import type { ChainBook } from "./chain-book.ts";
import { type Chapter, type Cursor, leafAuthority, nextCounter } from "./chapter.ts";
import { encodeClosing } from "./closing.ts";
import { type CommitBinding, commitBinding } from "./commit-binding.ts";
import {
  type Constitution,
  constitutionCodec,
  constitutionHash,
  decodeConstitution,
  deviceNamesOf,
} from "./constitution.ts";
import { type CommittedGroup, commitChange, decodeGroup, encodeGroup, type Group, leavesOf } from "./group.ts";
import { deviceName, type MemberDevice } from "./member-device.ts";
import { encodeOperations, type SignedOperation } from "./operation.ts";
import type { OuterRecord } from "./outer-record.ts";
import { sealParts } from "./parts.ts";
import { sealSignedRecord } from "./signed-record.ts";

/** A change that this device has committed to and nobody has seen yet. Stored before the first byte leaves, so that a crash changes nothing. */
export interface PendingChange {
  /** Id of the closing record: if that is how the stream ends, the change has won. */
  readonly closingId: Uint8Array;
  readonly group: Group;
  readonly constitution: Constitution;
  /** For those who were added. */
  readonly welcome: Uint8Array | undefined;
}

export interface PreparedChange {
  /** To be appended in this order, before the closing record. */
  readonly parts: readonly OuterRecord[];
  /** To be appended last, with the close flag. */
  readonly closing: OuterRecord;
  readonly pending: PendingChange;
}

const pendingShape = struct({
  version: version(1),
  closingId: bytes(16),
  group: bytes({ max: 16 * 1024 * 1024 }),
  constitution: bytes({ max: 1024 * 1024 }),
  welcome: nullable(bytes({ max: 4 * 1024 * 1024 })),
});
const pendingCodec: Codec<CodecValue<typeof pendingShape>> = pendingShape;

/** Holds secrets: for the sealed local store only. */
export function encodePending({ closingId, group, constitution, welcome }: PendingChange): Uint8Array {
  return encode(pendingCodec, {
    version: 1,
    closingId,
    group: encodeGroup(group),
    constitution: encode(constitutionCodec, constitution),
    welcome: welcome ?? null,
  });
}

/** @throws BullaError wire/malformed */
export function decodePending(input: Uint8Array): PendingChange {
  const { closingId, group, constitution, welcome } = decode(pendingCodec, input, { maxBytes: 32 * 1024 * 1024 });
  return {
    closingId,
    group: decodeGroup(group),
    constitution: decodeConstitution(constitution),
    welcome: welcome ?? undefined,
  };
}

export interface Change {
  readonly operations: readonly SignedOperation[];
  /** Checked KeyPackages of the devices that the operations add. */
  readonly add: readonly mls.KeyPackage[];
  /** This device's signed records for this chapter that were not read back yet. */
  readonly queued?: number;
}

/** Prepare the end of a chapter: a commit, the operations that justify it, and the closing record that names both. Without operations it is a rotation.
 *  @throws BullaError space/refused-constitution when the operations are not allowed, space/not-a-member */
export async function prepareChange(
  primitives: Primitives,
  author: MemberDevice,
  secrets: DeviceSecrets,
  chapter: Chapter,
  cursor: Cursor,
  book: ChainBook,
  { operations, add, queued = 0 }: Change,
): Promise<PreparedChange> {
  const { group } = chapter;
  if (group === undefined) throw new BullaError("space/not-a-member", "only a member can change a space");
  const next = await applyOperations(primitives, book, chapter.constitution, operations);
  const staying = deviceNamesOf(next);
  const remove = leavesOf(group)
    .filter((leaf) => !staying.has(deviceName(leaf.device)))
    .map((leaf) => leaf.index);
  const binding = commitBinding(primitives, bindingOf(primitives, next, cursor));
  const committed = await commitChange(primitives, group, { add, remove }, binding, leafAuthority(book));
  return sealChange(primitives, author, secrets, chapter, cursor, next, operations, committed, queued);
}

/** What a commit made at this cursor is bound to. */
export function bindingOf(
  primitives: Primitives,
  next: Constitution,
  { head, position }: { readonly head: Uint8Array; readonly position: number },
): CommitBinding {
  return {
    space: next.space,
    number: next.number,
    constitutionHash: constitutionHash(primitives, next),
    head,
    count: position,
  };
}

/** Turn a commit into the records that carry it. */
export async function sealChange(
  primitives: Primitives,
  author: MemberDevice,
  secrets: DeviceSecrets,
  { stream, space, number, retry, context }: Pick<Chapter, "stream" | "space" | "number" | "retry" | "context">,
  cursor: Cursor,
  next: Constitution,
  operations: readonly SignedOperation[],
  { group, commit, welcome }: CommittedGroup,
  queued = 0,
): Promise<PreparedChange> {
  const place = { space, number, retry };
  const commitPart = await sealParts(primitives, stream, place, commit);
  const operationsPart = await sealParts(primitives, stream, place, encodeOperations(operations));
  const welcomePart = welcome === undefined ? undefined : await sealParts(primitives, stream, place, welcome);
  const content = encodeClosing({
    commit: commitPart.reference,
    operations: operationsPart.reference,
    welcome: welcomePart?.reference ?? null,
    constitutionHash: constitutionHash(primitives, next),
    answers: [],
  });
  const claims = { author, counter: nextCounter(cursor, author) + queued, seen: cursor.position, head: cursor.head };
  const closing = await sealSignedRecord(
    primitives,
    stream,
    { ...place, kind: "closing", context },
    secrets,
    claims,
    content,
  );
  const parts = [...commitPart.records, ...operationsPart.records, ...(welcomePart?.records ?? [])];
  return { parts, closing, pending: { closingId: closing.recordId, group, constitution: next, welcome } };
}
