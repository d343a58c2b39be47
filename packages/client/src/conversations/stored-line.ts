import { roleCodec } from "@bulla/core";
import { limits } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, flag, list, struct, uint, variant, version } from "@bulla/wire/encoding";
import { handleCodec } from "@bulla/wire/identity";

const digits = (value: number, length: number): string => String(value).padStart(length, "0");

/** Where a conversation lies in the device's store: one value per line, in the order that all members see. */
export const linePlaces = {
  lines: (space: string): string => `line/${space}/`,
  /** Position 0 is how the chapter began; the record at position p of its stream is p + 1. */
  line: (space: string, number: number, retry: number, position: number): string =>
    `line/${space}/${digits(number, 12)}/${digits(retry, 4)}/${digits(position, 12)}`,
  name: (space: string): string => `name/${space}`,
} as const;

const handles = list(handleCodec, limits.maxMembers);

const lineShape = struct({
  version: version(1),
  author: handleCodec,
  deviceId: bytes(16),
  own: flag,
  /** Milliseconds since 1970 by this device's clock, when it was read here. */
  read: uint(Number.MAX_SAFE_INTEGER),
  what: variant({
    /** Something that the author said. */
    said: [1, struct({ recordId: bytes(16), event: bytes({ min: 1, max: limits.maxRecordBytes }) })],
    /** Something that the author changed in who belongs to the space. */
    changed: [
      2,
      struct({
        added: handles,
        removed: handles,
        roles: list(struct({ handle: handleCodec, role: roleCodec }), limits.maxMembers),
      }),
    ],
  }),
});
export type StoredLine = CodecValue<typeof lineShape>;
export const storedLineCodec: Codec<StoredLine> = lineShape;
