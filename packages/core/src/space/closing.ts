import { bytes, type Codec, type CodecValue, decode, encode, list, nullable, struct } from "@bulla/wire/encoding";
import { partReferenceCodec } from "./parts.ts";

const shape = struct({
  commit: partReferenceCodec,
  operations: partReferenceCodec,
  /** One Welcome for all who were added; lies here as well, so that any member can deliver it again. */
  welcome: nullable(partReferenceCodec),
  constitutionHash: bytes(32),
  /** Seam: complaints and rejoin requests that this commit answers, by record id. */
  answers: list(bytes(16), 64),
});

/** How a chapter ends: its parts by name, and what they lead to. Signed by the committer's device; the last record of its stream. */
export type ClosingContent = CodecValue<typeof shape>;
const codec: Codec<ClosingContent> = shape;

export function encodeClosing(closing: ClosingContent): Uint8Array {
  return encode(codec, closing);
}

/** @throws BullaError wire/malformed */
export function decodeClosing(input: Uint8Array): ClosingContent {
  return decode(codec, input, { maxBytes: 16384 });
}
