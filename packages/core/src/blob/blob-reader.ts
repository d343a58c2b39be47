import { type BlobPlan, planBlob, sealedStart } from "./blob-plan.ts";
import { verifyBlobRef } from "./blob-ref.ts";
import { segmentBytes } from "./cobblestone.ts";
import { type BlobOpening, openRun, startOpening, withoutPadding } from "./open-blob.ts";
import { type BlobReading, checkChunk } from "./read-blob.ts";

export interface BlobReaderOptions extends BlobReading {
  /** Bring one chunk's ciphertext, whatever its source; it is checked here. */
  fetchChunk(index: number): Promise<Uint8Array>;
  /** Chunks kept for the next read, so that neighbouring reads fetch once. */
  readonly keepChunks?: number;
}

/** Random access to one blob, for seeking in media. */
export interface BlobReader {
  readonly size: number;
  /** The plaintext of [offset, offset + length), cut off at the end of the blob. The first read also opens the last segment, so that a length
   *  is never believed that was not sealed.
   *  @throws BullaError blob/refused */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** @throws BullaError blob/refused when the reference does not hold together */
export function createBlobReader(options: BlobReaderOptions): BlobReader {
  const { primitives, cipher } = options;
  const ref = verifyBlobRef(primitives, options.ref);
  const plan = planBlob(ref.size);
  const kept = new Map<number, Promise<Uint8Array>>();
  let started: Promise<BlobOpening> | undefined;

  const fetchChecked = async (index: number): Promise<Uint8Array> => {
    const chunk = await options.fetchChunk(index);
    checkChunk(options, index, chunk);
    return chunk;
  };
  const chunkAt = (index: number): Promise<Uint8Array> => {
    const chunk = kept.get(index) ?? fetchChecked(index);
    kept.delete(index);
    kept.set(index, chunk);
    chunk.catch(() => kept.delete(index));
    for (const oldest of kept.keys()) {
      if (kept.size <= (options.keepChunks ?? 3)) break;
      kept.delete(oldest);
    }
    return chunk;
  };
  const openSegments = async (opening: BlobOpening, first: number, end: number): Promise<Uint8Array> => {
    const sealed = await readSealed(plan, sealedStart(first), Math.min(plan.total, sealedStart(end)), chunkAt);
    const plaintext = new Uint8Array(Math.min(plan.paddedSize, end * segmentBytes) - first * segmentBytes);
    await openRun(cipher, opening, first, sealed, plaintext);
    return withoutPadding(plan, first * segmentBytes, plaintext).plaintext;
  };
  const start = async (): Promise<BlobOpening> => {
    const opening = startOpening(primitives, ref.key, ref.size, await chunkAt(0));
    await openSegments(opening, plan.segmentCount - 1, plan.segmentCount);
    return opening;
  };

  return {
    size: ref.size,
    async read(offset, length) {
      started ??= start();
      const opening = await started.catch((error: unknown) => {
        started = undefined;
        throw error;
      });
      const from = Math.min(offset, plan.size);
      const to = Math.min(plan.size, offset + length);
      if (to <= from) return new Uint8Array(0);
      const first = Math.floor(from / segmentBytes);
      const plaintext = await openSegments(opening, first, Math.floor((to - 1) / segmentBytes) + 1);
      return plaintext.subarray(from - first * segmentBytes, to - first * segmentBytes);
    },
  };
}

async function readSealed(
  plan: BlobPlan,
  start: number,
  end: number,
  chunkAt: (index: number) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const out = new Uint8Array(end - start);
  for (let at = start; at < end; ) {
    const index = Math.floor(at / plan.chunkBytes);
    const from = at - index * plan.chunkBytes;
    const chunk = await chunkAt(index);
    const part = chunk.subarray(from, Math.min(chunk.length, from + end - at));
    out.set(part, at - start);
    at += part.length;
  }
  return out;
}
