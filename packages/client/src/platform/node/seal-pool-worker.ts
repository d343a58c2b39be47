import { Worker } from "node:worker_threads";
import { BullaError, InternalError } from "@bulla/wire";
import type { FilledBuffer, SealJob, SealReply, SealWorkerData } from "./worker/seal-job.ts";

/** What a worker made of a job. A buffer that was sent along comes back in every case but `lost`. */
export type JobOutcome =
  | { readonly kind: "filled"; readonly filled: FilledBuffer }
  | { readonly kind: "hashed"; readonly hash: Uint8Array }
  | { readonly kind: "failed"; readonly error: BullaError; readonly buffer: SharedArrayBuffer | undefined }
  | { readonly kind: "lost"; readonly error: BullaError };

/** One worker thread with at most one job. It keeps the process alive only while it has one. */
export interface SealWorker {
  readonly isIdle: boolean;
  /** False once the thread has ended; `onOutcome` was called for its job before. */
  readonly isAlive: boolean;
  run(job: SealJob, transfer: readonly ArrayBuffer[], onOutcome: (outcome: JobOutcome) => void): void;
  /** Tell the thread that nobody waits for its job. It still reports an outcome, sooner. */
  cancel(): void;
  terminate(): Promise<void>;
}

/** Start a worker thread. A `.ts` entry runs from the sources of all packages. */
export function startSealWorker(entry: URL): SealWorker {
  const data: SealWorkerData = { cancelled: new SharedArrayBuffer(4) };
  const cancelled = new Int32Array(data.cancelled);
  const execArgv = entry.pathname.endsWith(".ts") ? ["--conditions=@bulla/source"] : [];
  const worker = new Worker(entry, { workerData: data, execArgv, resourceLimits });
  let nextId = 1;
  let alive = true;
  let cause: unknown;
  let current: { readonly id: number; readonly onOutcome: (outcome: JobOutcome) => void } | undefined;
  worker.unref();

  const finish = (outcome: JobOutcome): void => {
    const job = current;
    current = undefined;
    worker.unref();
    job?.onOutcome(outcome);
  };
  worker.on("message", (reply: SealReply) => {
    if (reply.id !== current?.id) return;
    if (reply.kind === "failed")
      finish({ kind: "failed", error: new BullaError(reply.code, reply.message), buffer: reply.buffer });
    else finish(reply);
  });
  worker.on("error", (error) => {
    cause = error;
  });
  worker.on("exit", (code) => {
    alive = false;
    finish({ kind: "lost", error: new InternalError(`a sealing worker ended with code ${code}`, { cause }) });
  });

  return {
    get isIdle() {
      return alive && current === undefined;
    },
    get isAlive() {
      return alive;
    },
    run(job, transfer, onOutcome) {
      current = { id: nextId, onOutcome };
      nextId = (nextId % 0x7fffffff) + 1;
      worker.ref();
      try {
        worker.postMessage({ id: current.id, job }, transfer);
      } catch (error) {
        finish({ kind: "lost", error: new InternalError("a job could not be handed to its worker", { cause: error }) });
      }
    },
    cancel() {
      if (current !== undefined) Atomics.store(cancelled, 0, current.id);
    },
    async terminate() {
      await worker.terminate();
    },
  };
}

/** A worker's own objects live for one segment. With little room for them they are collected often and cheaply, and memory stays small. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 } as const;
