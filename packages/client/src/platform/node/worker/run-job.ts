import { createHash } from "node:crypto";
import { type ChunkWorkspace, openChunk, sealChunk } from "@bulla/core";
import { BullaError, equalBytes } from "@bulla/wire";
import { dropBuffer } from "./drop-buffer.ts";
import { readParts, scanParts } from "./read-source.ts";
import type { FilledBuffer, HashJob, OpenChunkJob, SealChunkJob } from "./seal-job.ts";
import { createNodeSegmentCipher } from "./segment-cipher.ts";

const cipher = createNodeSegmentCipher();
/** The side of a workspace that stays with the worker; the other side is the buffer that travels. */
let own = new Uint8Array(0);

export async function runSealChunk(job: SealChunkJob): Promise<FilledBuffer> {
  const workspace: ChunkWorkspace = { plaintext: ownBuffer(job.buffer.byteLength), sealed: new Uint8Array(job.buffer) };
  const source = { read: (_offset: number, into: Uint8Array): void => readParts(job.parts, into) };
  const chunk = await sealChunk(cipher, job.sealing, job.index, source, workspace);
  return { buffer: job.buffer, start: chunk.byteOffset, length: chunk.length, offset: 0, hash: sha256(chunk) };
}

/** @throws BullaError blob/missing-chunk when these are other bytes than `hash` names, blob/refused when they are the right ones and do not open */
export async function runOpenChunk(job: OpenChunkJob): Promise<FilledBuffer> {
  if (!equalBytes(sha256(job.chunk), job.hash))
    throw new BullaError("blob/missing-chunk", "chunk is not the one that was asked for");
  const workspace: ChunkWorkspace = { plaintext: new Uint8Array(job.buffer), sealed: ownBuffer(straddlingBytes) };
  const { offset, plaintext } = await openChunk(cipher, job.opening, job.index, job.chunk, job.before, workspace);
  dropBuffer(job.chunk);
  return { buffer: job.buffer, start: plaintext.byteOffset, length: plaintext.length, offset, hash: job.hash };
}

/** @returns undefined when the job was cancelled on the way */
export function runHash(job: HashJob, isCancelled: () => boolean): Uint8Array | undefined {
  const hash = createHash("sha256");
  const finished = scanParts(job.parts, ownBuffer(hashBytes).subarray(0, hashBytes), (bytes) => {
    hash.update(bytes);
    return !isCancelled();
  });
  return finished ? new Uint8Array(hash.digest()) : undefined;
}

const hashBytes = 1024 * 1024;
/** Opening puts together one segment at most, the one that begins in the chunk before. */
const straddlingBytes = 32 * 1024;

function ownBuffer(length: number): Uint8Array {
  if (own.length < length) own = new Uint8Array(length);
  return own;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}
