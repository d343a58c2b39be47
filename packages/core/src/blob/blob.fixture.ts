import { createPrimitives } from "@bulla/client/crypto";
import { concatBytes } from "@bulla/wire";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Primitives } from "../primitives.ts";
import { type BlobKey, createBlobKey } from "./blob-key.ts";
import { planMessage } from "./blob-plan.ts";
import { type BlobRef, chunkRoot } from "./blob-ref.ts";
import { deriveMessage } from "./cobblestone.ts";
import type { RunningHash } from "./read-blob.ts";
import { type BlobSealing, type BlobSource, blobContext, blobScheme, sealChunk } from "./seal-blob.ts";
import { createSegmentCipher, type SegmentCipher } from "./segment-cipher.ts";

export const primitives: Primitives = createPrimitives();

export const cipher: SegmentCipher = createSegmentCipher(primitives);

export function runningHash(): RunningHash {
  const hash = sha256.create();
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}

export function sourceOf(plaintext: Uint8Array): BlobSource {
  return { read: (offset, into) => into.set(plaintext.subarray(offset, offset + into.length)) };
}

export async function* streamOf(pieces: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield* pieces;
}

/** Every `size` bytes of `bytes`. */
export function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part.slice());
  return concatBytes(...parts);
}

/** A sealing with chunks that are small enough to have many of them. */
export function smallSealing(
  key: BlobKey,
  salt: Uint8Array,
  size: number,
  padded: number,
  chunkBytes: number,
): BlobSealing {
  return { plan: planMessage(size, padded, chunkBytes), ...deriveMessage(primitives, key, salt, blobContext()) };
}

export async function sealAll(
  sealing: BlobSealing,
  plaintext: Uint8Array,
  with_: SegmentCipher = cipher,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (let i = 0; i < sealing.plan.chunkCount; i++)
    chunks.push((await sealChunk(with_, sealing, i, sourceOf(plaintext))).slice());
  return chunks;
}

export function refOf(key: BlobKey, plaintext: Uint8Array, chunks: readonly Uint8Array[]): BlobRef {
  const hashes = chunks.map((chunk) => primitives.sha256(chunk));
  return {
    scheme: blobScheme,
    key,
    size: plaintext.length,
    plaintextHash: primitives.sha256(plaintext),
    root: chunkRoot(primitives, hashes),
    chunks: hashes,
  };
}

/** Bytes in which every position differs from its neighbours' and from other seeds'. */
export function patternBytes(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let state = seed * 2654435761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const freshKey = (): BlobKey => createBlobKey(primitives.random);
