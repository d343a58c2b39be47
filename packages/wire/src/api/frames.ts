import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  flag,
  list,
  nullable,
  refine,
  struct,
  text,
  uint,
  variant,
} from "../encoding/codec.ts";
import { limits } from "../limits.ts";

/** A record's body: 1, 4 or 16 KiB exactly. */
const bodyCodec = refine(bytes({ min: 1024, max: limits.maxRecordBytes }), "1, 4 or 16 KiB", (body) =>
  limits.recordSizes.includes(body.length),
);

/** A position in a stream: 0 is the first record. */
const position = uint();

const storedRecordShape = variant({
  record: [1, struct({ recordId: bytes(16), body: bodyCodec })],
  /** Its day has passed: the id and the SHA-256 of the body remain, so that heads can still be computed. */
  expired: [2, struct({ recordId: bytes(16), bodyHash: bytes(32) })],
});
export type StoredRecord = CodecValue<typeof storedRecordShape>;

const operationShape = variant({
  /** Shows that this connection may use a stream. `proof` (signature by the write key over `proofBytes`) also allows appending. */
  attach: [
    1,
    struct({ streamKind: uint(255), writeKey: bytes(32), readSecret: bytes(32), proof: nullable(bytes(64)) }),
  ],
  /** Opens an attached stream, with an admission ticket, or by the allowance of a closed stream attached with proof. Opening an open stream is fine. */
  open: [
    2,
    struct({
      sid: bytes(32),
      admission: variant({ ticket: [1, struct({ ticket: bytes(32) })], closed: [2, struct({ sid: bytes(32) })] }),
    }),
  ],
  /** Durable when answered. The same record id with the same body answers the position it has. */
  append: [
    3,
    struct({
      sid: bytes(32),
      recordId: bytes(16),
      body: bodyCodec,
      expiryDay: nullable(uint(10_000_000)),
      close: flag,
    }),
  ],
  read: [4, struct({ sid: bytes(32), from: position, max: uint(limits.maxRecordsPerRead) })],
  /** Pushes what is there from `from` on, then whatever comes. */
  follow: [5, struct({ sid: bytes(32), from: position })],
  unfollow: [6, struct({ sid: bytes(32) })],
});
export type Operation = CodecValue<typeof operationShape>;

const requestShape = struct({ id: uint(0xffffffff), operation: operationShape });
export type RequestFrame = CodecValue<typeof requestShape>;
export const requestFrameCodec: Codec<RequestFrame> = requestShape;

const resultShape = variant({
  done: [1, struct({})],
  appended: [2, struct({ position })],
  /** This very record is there already, at that position. */
  duplicate: [3, struct({ position })],
  /** Another body holds this record id. */
  conflict: [4, struct({})],
  /** The stream was closed before; `length` counts its records. */
  closed: [5, struct({ length: position })],
  records: [
    6,
    struct({ from: position, records: list(storedRecordShape, limits.maxRecordsPerRead), closed: flag, more: flag }),
  ],
  /** A code of `errors.ts`. */
  failed: [7, struct({ code: text(64), message: text(1024) })],
});
export type Result = CodecValue<typeof resultShape>;

const answerShape = variant({
  /** First frame of every connection. The nonce is what `attach` proofs of this connection sign. */
  hello: [1, struct({ nonce: bytes(32), day: uint(10_000_000) })],
  result: [2, struct({ id: uint(0xffffffff), result: resultShape })],
  pushed: [
    3,
    struct({
      sid: bytes(32),
      from: position,
      records: list(storedRecordShape, limits.maxRecordsPerRead),
      closed: flag,
    }),
  ],
});
export type AnswerFrame = CodecValue<typeof answerShape>;
export const answerFrameCodec: Codec<AnswerFrame> = answerShape;

const frameLimits = { maxBytes: limits.maxFrameBytes } as const;

export function encodeRequest(frame: RequestFrame): Uint8Array {
  return encode(requestFrameCodec, frame);
}
/** @throws BullaError wire/malformed, wire/too-large */
export function decodeRequest(frame: Uint8Array): RequestFrame {
  return decode(requestFrameCodec, frame, frameLimits);
}
export function encodeAnswer(frame: AnswerFrame): Uint8Array {
  return encode(answerFrameCodec, frame);
}
/** @throws BullaError wire/malformed, wire/too-large */
export function decodeAnswer(frame: Uint8Array): AnswerFrame {
  return decode(answerFrameCodec, frame, frameLimits);
}
