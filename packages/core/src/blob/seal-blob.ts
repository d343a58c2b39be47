import { concatBytes, labelBytes } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { BlobKey } from "./blob-key.ts";
import { type BlobPlan, chunkRange, plaintextRangeOf, planBlob, sealedStart, segmentsOfChunk } from "./blob-plan.ts";
import { deriveMessage, headerBytes, type Message, sealedSegmentBytes, segmentBytes } from "./cobblestone.ts";
import type { SegmentCipher } from "./segment-cipher.ts";

/** The plaintext of a blob, read anywhere and more than once. */
export interface BlobSource {
  /** Fill all of `into` from `offset` on.
   *  @throws BullaError blob/source-changed when the source is shorter than it was */
  read(offset: number, into: Uint8Array): void | Promise<void>;
}

/** One blob being sealed: plain data, so it can be handed to a worker as it is. Secret. */
export interface BlobSealing extends Message {
  readonly plan: BlobPlan;
}

/** Buffers that sealing and opening a chunk use, to be reused from chunk to chunk. */
export interface ChunkWorkspace {
  readonly plaintext: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The scheme id in references and in the context: padding, chunk size and cipher as they are here. */
export const blobScheme = 1;

/** Begin to seal a blob of `size` bytes. Key, salt and plaintext together determine every byte of the ciphertext, so chunks may be sealed in any
 *  order, at once on several workers, and again after a stop. Key and salt must never be used again for another plaintext: whoever seals again
 *  first makes sure that the source is still the same. */
export function startSealing(
  primitives: Pick<Primitives, "hkdfExpandSha512">,
  key: BlobKey,
  salt: Uint8Array,
  size: number,
): BlobSealing {
  return { plan: planBlob(size), ...deriveMessage(primitives, key, salt, blobContext()) };
}

/** Seal one chunk. Reads the plaintext of all segments that the chunk touches.
 *  @returns a view of `workspace.sealed`, valid until the workspace is used again */
export async function sealChunk(
  cipher: SegmentCipher,
  sealing: BlobSealing,
  index: number,
  source: BlobSource,
  workspace: ChunkWorkspace = createWorkspace(sealing.plan),
): Promise<Uint8Array> {
  const { plan } = sealing;
  const chunk = chunkRange(plan, index);
  const segments = segmentsOfChunk(plan, index);
  const range = plaintextRangeOf(plan, index);
  const needed = Math.min(plan.paddedSize, segments.end * segmentBytes) - segments.start * segmentBytes;
  const plaintext = workspace.plaintext.subarray(0, needed);
  const content = range.end - range.start;
  if (content > 0) await source.read(range.start, plaintext.subarray(0, content));
  plaintext.fill(0, content);

  const base = chunk.start < headerBytes ? 0 : sealedStart(segments.start);
  if (base === 0) workspace.sealed.set(sealing.header, 0);
  const body = workspace.sealed.subarray(
    sealedStart(segments.start) - base,
    Math.min(plan.total, sealedStart(segments.end)) - base,
  );
  await cipher.sealSegments(sealing.keys, segments.start, plaintext, body);
  return workspace.sealed.subarray(chunk.start - base, chunk.end - base);
}

/** Buffers large enough for any chunk of a plan. */
export function createWorkspace(plan: BlobPlan): ChunkWorkspace {
  const { plaintextBytes, sealedBytes } = workspaceBytes(plan);
  return { plaintext: new Uint8Array(plaintextBytes), sealed: new Uint8Array(sealedBytes) };
}

export function workspaceBytes(plan: Pick<BlobPlan, "chunkBytes" | "segmentCount">): {
  readonly plaintextBytes: number;
  readonly sealedBytes: number;
} {
  const segments = Math.min(plan.segmentCount, Math.ceil(plan.chunkBytes / sealedSegmentBytes) + 1);
  return { plaintextBytes: segments * segmentBytes, sealedBytes: headerBytes + segments * sealedSegmentBytes };
}

export function blobContext(): Uint8Array {
  return concatBytes(labelBytes("blobContext"), Uint8Array.of(blobScheme));
}
