import { type AgeCipher, ageSegmentBytes, ageSegmentsIn, ageTagBytes, sealedAgeSegmentBytes } from "./age-cipher.ts";
import { ageOpenFailed } from "./age-errors.ts";

/** Segments per call of the cipher: 512 KiB. */
const agePayloadBatch = 8;

/** Where a piece of output goes: fresh memory unless a platform that knows when a piece is done with lends its own. */
export type AllocateOutput = (length: number) => Uint8Array;

/** STREAM (https://c2sp.org/age#payload) over a plaintext of any length. */
export async function* sealAgePayload(
  cipher: AgeCipher,
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  allocate: AllocateOutput,
): AsyncGenerator<Uint8Array, void, undefined> {
  let first = 0;
  for await (const { bytes, last } of lookahead(source, agePayloadBatch * ageSegmentBytes)) {
    const count = ageSegmentsIn(bytes.length);
    const sealed = allocate(bytes.length + count * ageTagBytes);
    await cipher.sealSegments(key, first, bytes, last, sealed);
    first += count;
    yield sealed;
  }
}

/** Open a payload as it comes. Each piece is authenticated; the whole is there only when the iteration ends without an error.
 *  @throws BullaError core/open-failed */
export async function* openAgePayload(
  cipher: AgeCipher,
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
  allocate: AllocateOutput,
): AsyncGenerator<Uint8Array, void, undefined> {
  let first = 0;
  for await (const { bytes, last } of lookahead(source, agePayloadBatch * sealedAgeSegmentBytes)) {
    const plaintextBytes = openedAgeLength(bytes.length, last, first === 0);
    if (plaintextBytes === undefined) throw ageOpenFailed();
    const plaintext = allocate(plaintextBytes);
    if (!(await cipher.openSegments(key, first, bytes, last, plaintext))) throw ageOpenFailed();
    first += agePayloadBatch;
    if (plaintext.length > 0) yield plaintext;
  }
}

/** Plaintext in a run of sealed segments; undefined when no run has this length. Only a file's very first segment may be empty. */
export function openedAgeLength(sealedBytes: number, ends: boolean, isFirst: boolean): number | undefined {
  const rest = sealedBytes % sealedAgeSegmentBytes;
  const full = Math.floor(sealedBytes / sealedAgeSegmentBytes);
  if (rest === 0) return full > 0 ? full * ageSegmentBytes : undefined;
  const isEmptyFile = isFirst && full === 0 && rest === ageTagBytes;
  if (!ends || (rest <= ageTagBytes && !isEmptyFile)) return undefined;
  return full * ageSegmentBytes + rest - ageTagBytes;
}

interface Batch {
  readonly bytes: Uint8Array;
  readonly last: boolean;
}

/** Cut a stream into pieces of `size` bytes and a last one of 1 to `size` (0 only when the stream is empty): a full piece is held back until more
 *  is known to come, since age flags the last segment. Views are valid until the next is asked for. */
async function* lookahead(source: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Batch, void, undefined> {
  const buffer = new Uint8Array(size);
  let have = 0;
  for await (const piece of source) {
    for (let at = 0; at < piece.length; ) {
      if (have === size) {
        yield { bytes: buffer, last: false };
        have = 0;
      }
      const part = piece.subarray(at, at + size - have);
      buffer.set(part, have);
      have += part.length;
      at += part.length;
    }
  }
  yield { bytes: buffer.subarray(0, have), last: true };
}
