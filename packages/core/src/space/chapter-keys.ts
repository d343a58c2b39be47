import { concatBytes, type Label, labelBytes, streamId, streamKinds, uintBytes } from "@bulla/wire";
import { bytes as bytesCodec, encode, struct, uint } from "@bulla/wire/encoding";
import type { Primitives } from "../primitives.ts";

/** The secret of one chapter: K_n, from the MLS exporter. Whoever holds it reads the chapter's lasting records. */
export type ChapterKey = Uint8Array & { readonly chapterKey: unique symbol };

/** All that follows from (K_n, r). */
export interface StreamSecrets {
  readonly kind: number;
  /** Ed25519 seed: the right to append. */
  readonly writeSeed: Uint8Array;
  readonly writeKey: Uint8Array;
  /** The right to read. */
  readonly readSecret: Uint8Array;
  /** Wraps every record, so that the service sees no structure. */
  readonly outerKey: Uint8Array;
  /** Seals what is inside lasting records, parts, closing records and openings. */
  readonly recordSecret: Uint8Array;
  readonly sid: Uint8Array;
}

const contextCodec = struct({
  space: bytesCodec(16),
  number: uint(),
  transcript: bytesCodec({ max: 64 }),
  constitution: bytesCodec(32),
});

/** ctx_n = H(label, space id, n, confirmed_transcript_hash, H(constitution_n)). */
export function chapterContext(
  primitives: Primitives,
  place: {
    readonly space: Uint8Array;
    readonly number: number;
    readonly transcript: Uint8Array;
    readonly constitution: Uint8Array;
  },
): Uint8Array {
  return primitives.sha256(labelBytes("context"), encode(contextCodec, place));
}

/** Keys of the stream of chapter key K_n and retry number r. */
export function streamSecrets(primitives: Primitives, key: ChapterKey, retry: number): StreamSecrets {
  const derive = (label: Label): Uint8Array =>
    primitives.hkdfSha256(key, new Uint8Array(32), concatBytes(labelBytes(label), uintBytes(retry, 4)), 32);
  const writeSeed = derive("streamWrite");
  const writeKey = primitives.ed25519PublicKey(writeSeed);
  const readSecret = derive("streamRead");
  const kind = streamKinds.chapter;
  return {
    kind,
    writeSeed,
    writeKey,
    readSecret,
    outerKey: derive("streamOuter"),
    recordSecret: derive("chapterRecords"),
    sid: streamId(primitives, { kind, writeKey, readSecret }),
  };
}

/** H_0 = H(label ‖ ctx_n ‖ r ‖ H_end of the stream before). */
export function firstHead(
  primitives: Primitives,
  context: Uint8Array,
  retry: number,
  previousEnd: Uint8Array,
): Uint8Array {
  return primitives.sha256(labelBytes("head"), context, uintBytes(retry, 4), previousEnd);
}
