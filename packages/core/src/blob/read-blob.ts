import { equalBytes } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import { planBlob } from "./blob-plan.ts";
import { type BlobRef, verifyBlobRef } from "./blob-ref.ts";
import { blobRefused } from "./blob-refused.ts";
import { type BlobOpening, openChunk, segmentTail, startOpening } from "./open-blob.ts";
import { createWorkspace } from "./seal-blob.ts";
import type { SegmentCipher } from "./segment-cipher.ts";

/** SHA-256 over bytes that come one after the other. */
export interface RunningHash {
  update(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

export interface BlobReading {
  readonly primitives: Pick<Primitives, "hkdfExpandSha512" | "sha256">;
  readonly cipher: SegmentCipher;
  readonly ref: BlobRef;
}

/** Open a whole blob from its chunks in order, in constant memory. Each piece is authenticated and is a view that is valid until the next one is asked for.
 *  The whole is only known to be right when the iteration ends without an error, so nothing may get its final name before.
 *  @throws BullaError blob/refused */
export async function* openBlob(
  reading: BlobReading,
  chunks: AsyncIterable<Uint8Array>,
  hash: RunningHash,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { primitives, cipher } = reading;
  const ref = verifyBlobRef(primitives, reading.ref);
  const plan = planBlob(ref.size);
  const workspace = createWorkspace(plan);
  let opening: BlobOpening | undefined;
  let before = new Uint8Array(0);
  let index = 0;
  for await (const chunk of chunks) {
    checkChunk(reading, index, chunk);
    opening ??= startOpening(primitives, ref.key, ref.size, chunk);
    const { plaintext } = await openChunk(cipher, opening, index, chunk, before, workspace);
    before = segmentTail(plan, index, chunk);
    index++;
    hash.update(plaintext);
    if (plaintext.length > 0) yield plaintext;
  }
  if (index !== ref.chunks.length || !equalBytes(hash.digest(), ref.plaintextHash)) throw blobRefused();
}

/** Refuse a chunk that is not the one its reference names.
 *  @throws BullaError blob/refused */
export function checkChunk(reading: Pick<BlobReading, "primitives" | "ref">, index: number, chunk: Uint8Array): void {
  const expected = reading.ref.chunks[index];
  if (expected === undefined || !equalBytes(reading.primitives.sha256(chunk), expected)) throw blobRefused();
}
