import { BullaError, limits } from "@bulla/wire";
import { headerBytes, sealedLength, sealedSegmentBytes, segmentBytes } from "./cobblestone.ts";
import { paddedSize } from "./padding.ts";

/** Where everything of a blob lies; follows from its size alone. */
export interface BlobPlan {
  /** True plaintext bytes. */
  readonly size: number;
  /** Plaintext bytes with the zeros after them. */
  readonly paddedSize: number;
  /** Ciphertext bytes, header included. */
  readonly total: number;
  readonly segmentCount: number;
  /** Bytes of every chunk but the last. */
  readonly chunkBytes: number;
  readonly chunkCount: number;
}

/** Half-open. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** @throws BullaError wire/too-large when the ciphertext would exceed `limits.maxBlobBytes` */
export function planBlob(size: number): BlobPlan {
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`${size} is not a size`);
  if (size > limits.maxBlobBytes) throw tooLarge(size);
  const plan = planMessage(size, paddedSize(size), limits.chunkBytes);
  if (plan.total > limits.maxBlobBytes) throw tooLarge(size);
  return plan;
}

/** The plan of any Cobblestone message; blobs use {@link planBlob}, which fixes padding and chunk size. A chunk is never smaller than a segment. */
export function planMessage(size: number, padded: number, chunkBytes: number): BlobPlan {
  if (chunkBytes < headerBytes + sealedSegmentBytes || size > padded)
    throw new RangeError(`no plan for chunks of ${chunkBytes} bytes`);
  const total = sealedLength(padded);
  return {
    size,
    paddedSize: padded,
    total,
    segmentCount: Math.floor(padded / segmentBytes) + 1,
    chunkBytes,
    chunkCount: Math.ceil(total / chunkBytes),
  };
}

/** The ciphertext bytes of one chunk.
 *  @throws RangeError when the blob has no such chunk */
export function chunkRange(plan: BlobPlan, index: number): Range {
  if (!Number.isInteger(index) || index < 0 || index >= plan.chunkCount)
    throw new RangeError(`no chunk ${index} in ${plan.chunkCount}`);
  return { start: index * plan.chunkBytes, end: Math.min(plan.total, (index + 1) * plan.chunkBytes) };
}

/** The segments that a chunk holds any byte of. */
export function segmentsOfChunk(plan: BlobPlan, index: number): Range {
  const { start, end } = chunkRange(plan, index);
  return { start: segmentAt(Math.max(start, headerBytes)), end: segmentAt(end - 1) + 1 };
}

/** The true plaintext (padding left out) that is needed to seal a chunk. */
export function plaintextRangeOf(plan: BlobPlan, index: number): Range {
  const segments = segmentsOfChunk(plan, index);
  const start = Math.min(plan.size, segments.start * segmentBytes);
  return { start, end: Math.min(plan.size, segments.end * segmentBytes) };
}

/** The true plaintext that opening a chunk gives: of the segments that end in it. */
export function openedRangeOf(plan: BlobPlan, index: number): Range {
  return { start: index === 0 ? 0 : openedEnd(plan, index - 1), end: openedEnd(plan, index) };
}

function openedEnd(plan: BlobPlan, index: number): number {
  const { end } = chunkRange(plan, index);
  return end === plan.total ? plan.size : Math.min(plan.size, segmentAt(end) * segmentBytes);
}

/** The segment that holds this byte of the ciphertext; the offset is not in the header. */
export function segmentAt(offset: number): number {
  return Math.floor((offset - headerBytes) / sealedSegmentBytes);
}

/** Where a segment begins in the ciphertext. */
export function sealedStart(segment: number): number {
  return headerBytes + segment * sealedSegmentBytes;
}

function tooLarge(size: number): BullaError {
  return new BullaError(
    "wire/too-large",
    `blob of ${size} bytes does not fit ${limits.maxBlobBytes} bytes of ciphertext`,
  );
}
