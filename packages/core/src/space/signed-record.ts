import { BullaError, concatBytes, labelBytes } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, struct, uint } from "@bulla/wire/encoding";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import type { StreamSecrets } from "./chapter-keys.ts";
import { memberDeviceCodec } from "./member-device.ts";
import { kindByte, maxSealedBytes, type OuterRecord, wrapRecord } from "./outer-record.ts";
import { openAtPlace, type RecordPlace, sealAtPlace, sealOverheadBytes } from "./record-seal.ts";

const claimsShape = struct({
  author: memberDeviceCodec,
  /** +1 per device and chapter, from 0. Far below what a number holds, so that the next one always exists. */
  counter: uint(0xffffffff),
  /** A position that the author had seen, and the head there. */
  seen: uint(),
  head: bytes(32),
});
export type Claims = CodecValue<typeof claimsShape>;

const recordShape = struct({ claims: claimsShape, content: bytes({ max: maxSealedBytes }), signature: bytes(64) });
const recordCodec: Codec<SignedRecord> = recordShape;

/** Content signed by a device: what is inside lasting records, closing records, openings and complaints. */
export interface SignedRecord {
  readonly claims: Claims;
  readonly content: Uint8Array;
  readonly signature: Uint8Array;
}

/** Where a signature belongs: the chapter's context and the record's place. */
export interface SigningPlace extends RecordPlace {
  readonly context: Uint8Array;
}

const signingCodec = struct({
  context: bytes(32),
  space: bytes(16),
  number: uint(),
  retry: uint(),
  kind: uint(255),
  claims: claimsShape,
  contentHash: bytes(32),
});

/** Bytes of content that fit the largest record, whoever the author is. */
export const maxContentBytes: number = maxSealedBytes - sealOverheadBytes - 512;

function signingBytes(primitives: Primitives, place: SigningPlace, claims: Claims, content: Uint8Array): Uint8Array {
  const { context, space, number, retry, kind } = place;
  const fields = {
    context,
    space,
    number,
    retry,
    kind: kindByte(kind),
    claims,
    contentHash: primitives.sha256(content),
  };
  return concatBytes(labelBytes("recordSignature"), encode(signingCodec, fields));
}

/** Sign, seal and wrap. */
export async function sealSignedRecord(
  primitives: Primitives,
  stream: StreamSecrets,
  place: SigningPlace,
  secrets: DeviceSecrets,
  claims: Claims,
  content: Uint8Array,
): Promise<OuterRecord> {
  const signature = await primitives.signEd25519(secrets.recordSeed, signingBytes(primitives, place, claims, content));
  const sealed = await sealAtPlace(primitives, stream, place, encode(recordCodec, { claims, content, signature }));
  return wrapRecord(primitives, stream, { kind: place.kind, sealed });
}

/** Open without believing: the signature is checked by `verifySignedRecord`, once the author's key is known.
 *  @throws BullaError core/open-failed, wire/malformed */
export async function openSignedRecord(
  primitives: Primitives,
  stream: StreamSecrets,
  place: RecordPlace,
  sealed: Uint8Array,
): Promise<SignedRecord> {
  return decode(recordCodec, await openAtPlace(primitives, stream, place, sealed), { maxBytes: maxSealedBytes });
}

/** @throws BullaError space/refused-record */
export async function verifySignedRecord(
  primitives: Primitives,
  place: SigningPlace,
  record: SignedRecord,
  recordKey: Uint8Array,
): Promise<void> {
  const message = signingBytes(primitives, place, record.claims, record.content);
  if (!(await primitives.verifyEd25519(recordKey, message, record.signature))) {
    throw new BullaError("space/refused-record", "record refused: it is not signed by the device it names");
  }
}

/** For the local store: a record that was opened and still has to be judged. */
export function encodeSignedRecord(record: SignedRecord): Uint8Array {
  return encode(recordCodec, record);
}

/** @throws BullaError wire/malformed */
export function decodeSignedRecord(input: Uint8Array): SignedRecord {
  return decode(recordCodec, input, { maxBytes: maxSealedBytes });
}
