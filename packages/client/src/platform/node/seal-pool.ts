import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { type BlobSealing, plaintextRangeOf, type RunningHash, workspaceBytes } from "@bulla/core";
import { InternalError, limits } from "@bulla/wire";
import type {
  JobOptions,
  OpenChunkRequest,
  OpenedPlaintext,
  PlaintextSource,
  PooledBytes,
  SealedChunk,
  Sealer,
} from "../../ports.ts";
import { type JobOutcome, type SealWorker, startSealWorker } from "./seal-pool-worker.ts";
import type { FilledBuffer, SealJob } from "./worker/seal-job.ts";

export interface SealPoolOptions {
  /** Threads at most; one per core unless told, but not above four: then the thread that feeds them is what they wait for. They start when there is work for them. */
  readonly workers?: number;
  /** Results that may be held at once, 4 MiB each. A job waits while all are held. Default: workers + 4. */
  readonly buffers?: number;
  /** The worker's entry file. Default: beside this module. */
  readonly entry?: URL;
}

interface QueuedJob {
  readonly needsBuffer: boolean;
  readonly settle: (outcome: JobOutcome) => void;
  readonly start: (worker: SealWorker, buffer: SharedArrayBuffer, onOutcome: (outcome: JobOutcome) => void) => void;
}

/** Worker threads that seal, open and hash, so that every core works. Memory is bounded by `buffers`, whatever is asked at once.
 *  A thread that dies fails its own job with internal/bug; the next job gets a new one. */
export class SealPool implements Sealer, AsyncDisposable {
  readonly #entry: URL;
  readonly #maxWorkers: number;
  readonly #maxBuffers: number;
  readonly #queue: QueuedJob[] = [];
  readonly #free: SharedArrayBuffer[] = [];
  readonly #freeRooms: Uint8Array[] = [];
  #workers: SealWorker[] = [];
  #buffers = 0;
  #closed = false;

  constructor(options: SealPoolOptions = {}) {
    this.#maxWorkers = options.workers ?? Math.min(mostWorkers, availableParallelism());
    this.#maxBuffers = options.buffers ?? this.#maxWorkers + 4;
    this.#entry =
      options.entry ??
      new URL(
        import.meta.url.endsWith(".ts") ? "./worker/seal-worker.ts" : "./worker/seal-worker.mjs",
        import.meta.url,
      );
  }

  get maxHeld(): number {
    return this.#maxBuffers;
  }

  /** Seal one chunk; the worker reads the source itself. Chunks of a blob may be asked for in any order and at once.
   *  @throws BullaError transfer/source-unreadable, blob/source-changed */
  async sealChunk(
    sealing: BlobSealing,
    index: number,
    source: PlaintextSource,
    options: JobOptions = {},
  ): Promise<SealedChunk> {
    const { start, end } = plaintextRangeOf(sealing.plan, index);
    const parts = source.slice(start, end);
    return this.#filled(
      await this.#run(
        (buffer) => ({ job: { kind: "seal", sealing, index, parts, buffer }, transfer: [] }),
        true,
        options,
      ),
    );
  }

  /** Check one chunk's hash and open the segments that end in it.
   *  @throws BullaError blob/missing-chunk when these are other bytes than `hash` names, blob/refused when they are the right ones and do not open */
  async openChunk(request: OpenChunkRequest, options: JobOptions = {}): Promise<OpenedPlaintext> {
    const { chunk } = request;
    const isShared = chunk.buffer instanceof SharedArrayBuffer;
    const own =
      chunk.buffer instanceof ArrayBuffer && chunk.byteLength === chunk.buffer.byteLength ? [chunk.buffer] : [];
    const before = new Uint8Array(request.before);
    const outcome = await this.#run(
      (buffer) => ({
        job: {
          ...request,
          kind: "open",
          chunk: isShared || own.length > 0 ? chunk : new Uint8Array(chunk),
          before,
          buffer,
        },
        transfer: own,
      }),
      true,
      options,
    );
    return this.#filled(outcome);
  }

  /** As many as there are chunks on their way; each is used again and again. */
  borrowRoom(): PooledBytes {
    const bytes = this.#freeRooms.pop() ?? new Uint8Array(new SharedArrayBuffer(limits.chunkBytes));
    let held = true;
    const release = (): void => {
      if (held) this.#freeRooms.push(bytes);
      held = false;
    };
    return { bytes, release, [Symbol.dispose]: release };
  }

  /** SHA-256 of a whole source, read in order by one worker while the others go on sealing.
   *  @throws BullaError transfer/source-unreadable, blob/source-changed */
  async hashSource(source: PlaintextSource, options: JobOptions = {}): Promise<Uint8Array> {
    const outcome = await this.#run(
      () => ({ job: { kind: "hash", parts: source.parts }, transfer: [] }),
      false,
      options,
    );
    if (outcome.kind !== "hashed") throw new InternalError(`a worker answered a hash job with ${outcome.kind}`);
    return outcome.hash;
  }

  /** On the calling thread. */
  startHash(): RunningHash {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
  }

  /** Ends all threads; jobs that are still open fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const error = new InternalError("the seal pool was closed");
    for (const job of this.#queue.splice(0)) job.settle({ kind: "lost", error });
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #run(
    prepare: (buffer: SharedArrayBuffer) => { readonly job: SealJob; readonly transfer: readonly ArrayBuffer[] },
    needsBuffer: boolean,
    { signal }: JobOptions,
  ): Promise<Exclude<JobOutcome, { readonly error: unknown }>> {
    if (this.#closed) return Promise.reject(new InternalError("the seal pool was closed"));
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      let running: SealWorker | undefined;
      let aborted = false;
      const onAbort = (): void => {
        aborted = true;
        const place = this.#queue.indexOf(queued);
        if (place >= 0) this.#queue.splice(place, 1);
        running?.cancel();
        reject(signal?.reason);
      };
      const queued: QueuedJob = {
        needsBuffer,
        start: (worker, buffer, onOutcome) => {
          running = worker;
          const { job, transfer } = prepare(buffer);
          worker.run(job, transfer, onOutcome);
        },
        settle: (outcome) => {
          running = undefined;
          signal?.removeEventListener("abort", onAbort);
          if (aborted) this.#recycle(outcome);
          else if (outcome.kind === "failed" || outcome.kind === "lost") {
            this.#recycle(outcome);
            reject(outcome.error);
          } else resolve(outcome);
        },
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(queued);
      this.#pump();
    });
  }

  /** Start what can be started: the oldest job for which there is a worker and, if it needs one, a buffer. */
  #pump(): void {
    this.#workers = this.#workers.filter((worker) => worker.isAlive);
    for (;;) {
      const hasBuffer = this.#free.length > 0 || this.#buffers < this.#maxBuffers;
      const place = this.#closed ? -1 : this.#queue.findIndex((job) => hasBuffer || !job.needsBuffer);
      const worker = place < 0 ? undefined : this.#idleWorker();
      if (worker === undefined) return;
      const [job] = this.#queue.splice(place, 1);
      job?.start(worker, job.needsBuffer ? this.#takeBuffer() : noBuffer, (outcome) => {
        if (outcome.kind === "lost" && job.needsBuffer) this.#buffers--;
        job.settle(outcome);
        this.#pump();
      });
    }
  }

  #idleWorker(): SealWorker | undefined {
    const idle = this.#workers.find((worker) => worker.isIdle);
    if (idle !== undefined || this.#workers.length >= this.#maxWorkers) return idle;
    const started = startSealWorker(this.#entry);
    this.#workers.push(started);
    return started;
  }

  #takeBuffer(): SharedArrayBuffer {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    this.#buffers++;
    return new SharedArrayBuffer(bufferBytes);
  }

  #recycle(outcome: JobOutcome): void {
    const buffer =
      outcome.kind === "filled" ? outcome.filled.buffer : outcome.kind === "failed" ? outcome.buffer : undefined;
    if (buffer !== undefined) this.#free.push(buffer);
  }

  #filled(outcome: JobOutcome): SealedChunk & OpenedPlaintext {
    if (outcome.kind !== "filled") throw new InternalError(`a worker answered a chunk job with ${outcome.kind}`);
    const { filled } = outcome;
    let held: FilledBuffer | undefined = filled;
    const release = (): void => {
      if (held === undefined) return;
      held = undefined;
      this.#free.push(filled.buffer);
      this.#pump();
    };
    const bytes = new Uint8Array(filled.buffer, filled.start, filled.length);
    return { bytes, hash: filled.hash, offset: filled.offset, release, [Symbol.dispose]: release };
  }
}

const mostWorkers = 4;

/** Room for any chunk, sealed or opened. */
const bufferBytes: number = workspaceBytes({
  chunkBytes: limits.chunkBytes,
  segmentCount: Number.MAX_SAFE_INTEGER,
}).sealedBytes;
const noBuffer = new SharedArrayBuffer(0);
