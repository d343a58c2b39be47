import { createBrowserPrimitives, createBrowserSegmentCipher } from "@bulla/client/browser";
import {
  type BlobKey,
  createBlobKey,
  createBlobSalt,
  createWorkspace,
  openChunk,
  sealChunk,
  segmentTail,
  startOpening,
  startSealing,
} from "@bulla/core";
import { equalBytes } from "@bulla/wire";

/** What a worker is asked: to seal a blob of so many bytes and keep it, or to open the one it keeps. Its answer is the same word. */
export type BlobJob = { readonly kind: "seal"; readonly bytes: number } | { readonly kind: "open" };

interface SealedBlob {
  readonly key: BlobKey;
  readonly size: number;
  readonly chunks: readonly Uint8Array<ArrayBuffer>[];
  readonly hashes: readonly Uint8Array[];
}

const primitives = createBrowserPrimitives();
const cipher = createBrowserSegmentCipher();
const pattern = primitives.random(65536);
let kept: SealedBlob | undefined;

addEventListener("message", ({ data }: MessageEvent<BlobJob>) => void answer(data));

async function answer(job: BlobJob): Promise<void> {
  if (job.kind === "seal") kept = await seal(job.bytes);
  else if (kept !== undefined) await open(kept);
  postMessage(job.kind);
}

// Each chunk is sealed into the same buffers, hashed, and copied, as it would be for a request.
async function seal(size: number): Promise<SealedBlob> {
  const key = createBlobKey(primitives.random);
  const sealing = startSealing(primitives, key, createBlobSalt(primitives.random), size);
  const workspace = createWorkspace(sealing.plan);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const hashes: Uint8Array[] = [];
  for (let i = 0; i < sealing.plan.chunkCount; i++) {
    const chunk = new Uint8Array(await sealChunk(cipher, sealing, i, { read: fill }, workspace));
    hashes.push(await sha256(chunk));
    chunks.push(chunk);
  }
  return { key, size, chunks, hashes };
}

async function open({ key, size, chunks, hashes }: SealedBlob): Promise<void> {
  const opening = startOpening(primitives, key, size, chunks[0] ?? new Uint8Array(0));
  const workspace = createWorkspace(opening.plan);
  let before = new Uint8Array(0);
  let opened = 0;
  for (const [i, chunk] of chunks.entries()) {
    if (!equalBytes(await sha256(chunk), hashes[i] ?? before)) throw new Error("a chunk has another hash");
    const { plaintext, offset } = await openChunk(cipher, opening, i, chunk, before, workspace);
    if (offset !== opened) throw new Error("a chunk opened at another place");
    const expected = new Uint8Array(Math.min(64, plaintext.length));
    fill(offset, expected);
    if (!equalBytes(plaintext.subarray(0, expected.length), expected)) throw new Error("a chunk opened to other bytes");
    opened += plaintext.length;
    before = segmentTail(opening.plan, i, chunk);
  }
  if (opened !== size) throw new Error("the blob did not open as a whole");
}

/** A plaintext that repeats, from any offset. */
function fill(offset: number, into: Uint8Array): void {
  for (let at = 0; at < into.length; ) {
    const start = (offset + at) % pattern.length;
    const part = pattern.subarray(start, start + into.length - at);
    into.set(part, at);
    at += part.length;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
