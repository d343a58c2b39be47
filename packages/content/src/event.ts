import { limits, uintBytes, utf8 } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decodeCbor,
  encode,
  flag,
  list,
  nullable,
  refine,
  struct,
  text,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { handleCodec } from "@bulla/wire/identity";
import { signedReceiptCodec } from "@bulla/wire/receipt";
import { blobReferenceCodec } from "./blob-reference.ts";
import { hostCodec, noteCodec } from "./transfer.ts";

const maxNameBytes = 200;

/** Whether a space can be called that: one line, no blanks around it, at most 200 bytes. */
export function isSpaceName(name: string): boolean {
  const bytes = utf8(name).length;
  return bytes > 0 && bytes <= maxNameBytes && name.trim() === name && !/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name);
}

const spaceNameCodec: Codec<string> = refine(text(maxNameBytes, 1), "a name of one line", isSpaceName);

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
        /** What the space is called from here on; counts when an owner or admin said it. */
        named: [3, struct({ name: spaceNameCodec })],
        /** The author's account wants to go: a signed operation for whoever commits next. */
        leaving: [4, struct({ operation: bytes({ min: 1, max: 8192 }) })],
        /** The author gave that member the keys to what was said before. */
        granted: [5, struct({ handle: handleCodec })],
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

/** Name of the extension that holds when something was said. */
const saidAt = "at";

/** A plain event with nothing but a body and, perhaps, when it was said: milliseconds since 1970 by the author's clock. */
export function eventOf(body: EventBody, salt: Uint8Array, at?: number): Event {
  return {
    version: 1,
    salt,
    replaces: null,
    topicId: new Uint8Array(),
    expires: null,
    inReplyTo: null,
    extensions: at === undefined ? [] : [{ name: saidAt, value: uintBytes(at, 8) }],
    body,
  };
}

/** When the author says that it was said, in milliseconds since 1970; a claim, like everything a clock says. */
export function saidAtOf({ extensions }: Event): number | undefined {
  const value = extensions.find(({ name }) => name === saidAt)?.value;
  if (value?.length !== 8) return undefined;
  const at = new DataView(value.buffer, value.byteOffset, value.byteLength).getBigUint64(0);
  return at <= BigInt(maxDate) ? Number(at) : undefined;
}

/** The latest moment that a date can show (ECMA-262, time values). */
const maxDate = 8.64e15;

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
