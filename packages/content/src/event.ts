import { limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decodeCbor,
  encode,
  flag,
  list,
  nullable,
  struct,
  text,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { signedReceiptCodec } from "@bulla/wire/receipt";
import { blobReferenceCodec } from "./blob-reference.ts";
import { hostCodec, noteCodec } from "./transfer.ts";

/** What is said. Numbers never change their meaning. */
const bodyShape = variant({
  /** Text for people, as Markdown. */
  note: [1, struct({ text: noteCodec })],
  /** Files for the other members: see `Transfer`. */
  file: [
    2,
    struct({
      transferId: bytes(16),
      note: nullable(noteCodec),
      /** Host of the service that keeps the chunks. */
      host: hostCodec,
      /** Last UTC day on which the service keeps them. */
      expiryDay: uint(10_000_000),
      transfer: variant({
        inline: [1, struct({ transfer: bytes({ max: limits.maxInlineManifestBytes }) })],
        blob: [2, struct({ reference: blobReferenceCodec })],
      }),
    }),
  ],
  receipt: [
    3,
    struct({
      transferId: bytes(16),
      state: variant({
        /** The device knows of the transfer and is fetching it. */
        delivered: [1, struct({})],
        /** Every byte was verified and kept. */
        received: [2, struct({ receipt: signedReceiptCodec })],
        /** Some files were refused; the person was told. */
        refused: [3, struct({})],
      }),
    }),
  ],
  /** Said by a device about the space itself. */
  system: [
    4,
    struct({
      what: variant({
        founded: [1, struct({})],
        /** An inbox capability for the members of a direct space. */
        capability: [2, struct({ secret: bytes(32), deviceId: bytes(16) })],
      }),
    }),
  ],
});
export type EventBody = CodecValue<typeof bodyShape>;

/** The fields of a MIMI content message (draft-ietf-mimi-content) in our encoding. */
const eventShape = struct({
  version: version(1),
  salt: bytes(16),
  /** Record this event takes the place of. */
  replaces: nullable(bytes(16)),
  topicId: bytes({ max: 64 }),
  expires: nullable(struct({ relative: flag, seconds: uint(0xffffffff) })),
  inReplyTo: nullable(bytes(16)),
  extensions: list(struct({ name: text(64, 1), value: bytes({ max: 1024 }) }), 16),
  body: bodyShape,
});
export type Event = CodecValue<typeof eventShape>;
export const eventCodec: Codec<Event> = eventShape;

/** An event whose kind this version does not know: kept as it came, shown as such. */
export interface UnknownEvent {
  readonly unknown: true;
  readonly kind: number;
}

export function encodeEvent(event: Event): Uint8Array {
  return encode(eventCodec, event);
}

/** A plain event with nothing but a body. */
export function eventOf(body: EventBody, salt: Uint8Array): Event {
  return {
    version: 1,
    salt,
    replaces: null,
    topicId: new Uint8Array(),
    expires: null,
    inReplyTo: null,
    extensions: [],
    body,
  };
}

const bodyIndex = 7;
const knownKinds = 4;

/** @throws BullaError wire/malformed, wire/unsupported-version, wire/too-large */
export function decodeEvent(input: Uint8Array): Event | UnknownEvent {
  const value = decodeCbor(input, { maxBytes: limits.maxRecordBytes, maxDepth: 12 });
  const body = Array.isArray(value) ? (value as readonly unknown[])[bodyIndex] : undefined;
  const kind = Array.isArray(body) ? (body as readonly unknown[])[0] : undefined;
  if (typeof kind === "number" && kind > knownKinds) return { unknown: true, kind };
  return eventCodec.fromCbor(value, "event");
}

export function isUnknown(event: Event | UnknownEvent): event is UnknownEvent {
  return "unknown" in event;
}
