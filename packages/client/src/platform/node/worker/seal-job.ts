import type { BlobOpening, BlobSealing } from "@bulla/core";
import type { ErrorCode } from "@bulla/wire";
import type { SourcePart } from "../../../ports.ts";

// Buffers are shared memory: they are neither copied nor handed over, and cost the garbage collectors of the threads nothing. Whoever has the job has the buffer.

/** Seal chunk `index`; `parts` are exactly the plaintext it needs. `buffer` then holds the chunk. */
export interface SealChunkJob {
  readonly kind: "seal";
  readonly sealing: BlobSealing;
  readonly index: number;
  readonly parts: readonly SourcePart[];
  readonly buffer: SharedArrayBuffer;
}

/** Check the hash of chunk `index` and open it. `buffer` then holds the plaintext. */
export interface OpenChunkJob {
  readonly kind: "open";
  readonly opening: BlobOpening;
  readonly index: number;
  readonly chunk: Uint8Array;
  readonly before: Uint8Array;
  readonly hash: Uint8Array;
  readonly buffer: SharedArrayBuffer;
}

/** SHA-256 over all parts, one after the other. */
export interface HashJob {
  readonly kind: "hash";
  readonly parts: readonly SourcePart[];
}

export type SealJob = SealChunkJob | OpenChunkJob | HashJob;

export interface SealRequest {
  readonly id: number;
  readonly job: SealJob;
}

/** Where in `buffer` the bytes lie; for an opened chunk also where in the blob. */
export interface FilledBuffer {
  readonly buffer: SharedArrayBuffer;
  readonly start: number;
  readonly length: number;
  readonly offset: number;
  readonly hash: Uint8Array;
}

export type SealReply =
  | { readonly kind: "filled"; readonly id: number; readonly filled: FilledBuffer }
  | { readonly kind: "hashed"; readonly id: number; readonly hash: Uint8Array }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly code: ErrorCode;
      readonly message: string;
      readonly buffer?: SharedArrayBuffer;
    };

/** What a worker is started with. */
export interface SealWorkerData {
  /** One Int32: the id of a job that nobody waits for any more. */
  readonly cancelled: SharedArrayBuffer;
}
