import { BullaError, concatBytes, equalBytes, labelBytes, limits, uintBytes } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { StreamSecrets } from "./chapter-keys.ts";

/** What a record is, inside the wrap. */
export type RecordKind = "lasting" | "fleeting" | "part" | "closing" | "opening" | "complaint";
const kindBytes: Readonly<Record<RecordKind, number>> = {
  lasting: 1,
  fleeting: 2,
  part: 3,
  closing: 4,
  opening: 5,
  complaint: 6,
};
const kindOfByte = new Map(Object.entries(kindBytes).map(([kind, byte]) => [byte, kind as RecordKind]));

export function kindByte(kind: RecordKind): number {
  return kindBytes[kind];
}

/** A record as it travels and is stored. */
export interface OuterRecord {
  readonly recordId: Uint8Array;
  readonly body: Uint8Array;
}

export interface InnerRecord {
  readonly kind: RecordKind;
  readonly sealed: Uint8Array;
}

const tagBytes = 16;
const headerBytes = 1 + 4;
const zeroNonce = new Uint8Array(12);

/** Bytes of `sealed` that the largest record takes. */
export const maxSealedBytes: number = limits.maxRecordBytes - tagBytes - headerBytes;

/** Pad to 1, 4 or 16 KiB and wrap. Inner = kind ‖ length ‖ sealed ‖ zeros; record id = H(label ‖ sid ‖ inner)[:16]; the key is bound to the id, so the nonce is zero.
 *  @throws BullaError wire/too-large */
export async function wrapRecord(
  primitives: Primitives,
  stream: StreamSecrets,
  { kind, sealed }: InnerRecord,
): Promise<OuterRecord> {
  const size = limits.recordSizes.find((bytes) => bytes - tagBytes >= headerBytes + sealed.length);
  if (size === undefined)
    throw new BullaError("wire/too-large", `record is ${sealed.length} bytes, limit is ${maxSealedBytes}`);
  const inner = new Uint8Array(size - tagBytes);
  inner[0] = kindBytes[kind];
  inner.set(uintBytes(sealed.length, 4), 1);
  inner.set(sealed, headerBytes);
  const recordId = recordIdOf(primitives, stream, inner);
  const body = await primitives.sealAes256Gcm(
    outerKey(primitives, stream, recordId),
    zeroNonce,
    concatBytes(stream.sid, recordId),
    inner,
  );
  return { recordId, body };
}

/** Unwrap, and recompute the id. One answer for every cause of failure.
 *  @throws BullaError core/open-failed */
export async function unwrapRecord(
  primitives: Primitives,
  stream: StreamSecrets,
  { recordId, body }: OuterRecord,
): Promise<InnerRecord> {
  if (!limits.recordSizes.includes(body.length)) throw openFailed();
  const inner = await primitives.openAes256Gcm(
    outerKey(primitives, stream, recordId),
    zeroNonce,
    concatBytes(stream.sid, recordId),
    body,
  );
  if (inner === undefined || !equalBytes(recordIdOf(primitives, stream, inner), recordId)) throw openFailed();
  const kind = kindOfByte.get(inner[0] ?? 0);
  const length = new DataView(inner.buffer, inner.byteOffset, inner.byteLength).getUint32(1);
  if (kind === undefined || length > inner.length - headerBytes) throw openFailed();
  const padding = inner.subarray(headerBytes + length);
  if (padding.some((byte) => byte !== 0)) throw openFailed();
  return { kind, sealed: inner.subarray(headerBytes, headerBytes + length) };
}

function recordIdOf(primitives: Primitives, { sid }: StreamSecrets, inner: Uint8Array): Uint8Array {
  return primitives.sha256(labelBytes("recordId"), sid, inner).slice(0, 16);
}

function outerKey(primitives: Primitives, stream: StreamSecrets, recordId: Uint8Array): Uint8Array {
  return primitives.hkdfSha256(stream.outerKey, recordId, labelBytes("outerRecord"), 32);
}

function openFailed(): BullaError {
  return new BullaError("core/open-failed", "record cannot be opened");
}
