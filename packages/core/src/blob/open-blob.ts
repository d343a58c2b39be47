import type { Primitives } from "../primitives.ts";
import type { BlobKey } from "./blob-key.ts";
import { type BlobPlan, chunkRange, planBlob, sealedStart, segmentAt } from "./blob-plan.ts";
import { blobRefused } from "./blob-refused.ts";
import { headerBytes, openHeader, type SegmentKeys, segmentBytes } from "./cobblestone.ts";
import { isZero } from "./padding.ts";
import { blobContext, type ChunkWorkspace, createWorkspace } from "./seal-blob.ts";
import type { SegmentCipher } from "./segment-cipher.ts";

/** One blob being opened: plain data, so it can be handed to a worker as it is. Secret. */
export interface BlobOpening {
  readonly plan: BlobPlan;
  readonly keys: SegmentKeys;
}

/** Plaintext that was authenticated, and where it belongs. Padding is checked and left out. */
export interface OpenedChunk {
  readonly offset: number;
  readonly plaintext: Uint8Array;
}

/** Begin to open a blob: check the key commitment at the head of its first chunk.
 *  @throws BullaError blob/refused */
export function startOpening(
  primitives: Pick<Primitives, "hkdfExpandSha512">,
  key: BlobKey,
  size: number,
  firstChunk: Uint8Array,
): BlobOpening {
  const plan = planBlob(size);
  return { plan, keys: openHeader(primitives, key, firstChunk.subarray(0, headerBytes), blobContext()).keys };
}

/** Bytes at the end of a chunk that belong to a segment which ends in the next one (a copy): what {@link openChunk} wants as `before`. */
export function segmentTail(plan: BlobPlan, index: number, chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(chunk.subarray(chunk.length - tailBytes(plan, index)));
}

/** Open the segments that *end* in this chunk. Any chunk may be opened alone, given the tail of the one before, so several workers can share a blob.
 *  The caller has checked the chunk's hash or does not need to.
 *  @param before `segmentTail` of chunk `index - 1`; empty for the first
 *  @returns a view of `workspace.plaintext`, valid until the workspace is used again
 *  @throws BullaError blob/refused */
export async function openChunk(
  cipher: SegmentCipher,
  opening: BlobOpening,
  index: number,
  chunk: Uint8Array,
  before: Uint8Array,
  workspace: ChunkWorkspace = createWorkspace(opening.plan),
): Promise<OpenedChunk> {
  const { plan } = opening;
  const range = chunkRange(plan, index);
  if (chunk.length !== range.end - range.start || before.length !== tailBytes(plan, index - 1)) throw blobRefused();
  const bodyStart = Math.max(range.start - before.length, headerBytes);
  const bodyEnd = range.end - tailBytes(plan, index);
  if (bodyEnd === bodyStart) return { offset: 0, plaintext: new Uint8Array(0) };
  const first = segmentAt(bodyStart);
  const start = first * segmentBytes;
  const end = Math.min(plan.paddedSize, (segmentAt(bodyEnd - 1) + 1) * segmentBytes);
  const plaintext = workspace.plaintext.subarray(0, end - start);
  const body = chunk.subarray(Math.max(0, bodyStart - range.start), bodyEnd - range.start);
  if (before.length === 0) await openRun(cipher, opening, first, body, plaintext);
  else {
    // Only the segment that lies across the border is put together; the rest is opened where it is.
    const rest = Math.min(sealedStart(first + 1), plan.total) - range.start;
    const straddling = workspace.sealed.subarray(0, before.length + rest);
    straddling.set(before);
    straddling.set(chunk.subarray(0, rest), before.length);
    await openRun(cipher, opening, first, straddling, plaintext.subarray(0, segmentBytes));
    if (body.length > rest)
      await openRun(cipher, opening, first + 1, body.subarray(rest), plaintext.subarray(segmentBytes));
  }
  return withoutPadding(plan, start, plaintext);
}

/** @throws BullaError blob/refused */
export async function openRun(
  cipher: SegmentCipher,
  opening: BlobOpening,
  first: number,
  sealed: Uint8Array,
  plaintext: Uint8Array,
): Promise<void> {
  if (!(await cipher.openSegments(opening.keys, first, sealed, plaintext))) throw blobRefused();
}

/** @throws BullaError blob/refused unless everything after the blob's size is zero */
export function withoutPadding(plan: BlobPlan, offset: number, plaintext: Uint8Array): OpenedChunk {
  const content = Math.max(0, Math.min(plaintext.length, plan.size - offset));
  if (!isZero(plaintext.subarray(content))) throw blobRefused();
  return { offset: Math.min(offset, plan.size), plaintext: plaintext.subarray(0, content) };
}

/** Bytes of the segment that begins before a chunk's end and ends after it. */
function tailBytes(plan: BlobPlan, index: number): number {
  if (index < 0) return 0;
  const { end } = chunkRange(plan, index);
  return end === plan.total ? 0 : end - sealedStart(segmentAt(end));
}
