import { parentPort, workerData } from "node:worker_threads";
import { InternalError, isBullaError } from "@bulla/wire";
import { runHash, runOpenChunk, runSealChunk } from "./run-job.ts";
import type { SealReply, SealRequest, SealWorkerData } from "./seal-job.ts";

// The entry of a worker thread of `SealPool`: one request at a time, one reply to each.

const port = parentPort;
if (port === null) throw new InternalError("the sealing worker was not started as a worker");
const data: unknown = workerData;
if (!isWorkerData(data)) throw new InternalError("the sealing worker was started without its data");
const cancelledId = new Int32Array(data.cancelled);

port.on("message", (request: SealRequest) => {
  void answer(request).then((reply) => port.postMessage(reply));
});

async function answer({ id, job }: SealRequest): Promise<SealReply> {
  try {
    if (job.kind === "seal") return { kind: "filled", id, filled: await runSealChunk(job) };
    if (job.kind === "open") return { kind: "filled", id, filled: await runOpenChunk(job) };
    const hash = runHash(job, () => Atomics.load(cancelledId, 0) === id);
    return hash === undefined
      ? { kind: "failed", id, code: "cli/interrupted", message: "cancelled" }
      : { kind: "hashed", id, hash };
  } catch (error) {
    const known = isBullaError(error)
      ? { code: error.code, message: error.message }
      : ({ code: "internal/bug", message: error instanceof Error ? error.message : "unknown" } as const);
    return { kind: "failed", id, ...known, ...(job.kind === "hash" ? {} : { buffer: job.buffer }) };
  }
}

function isWorkerData(value: unknown): value is SealWorkerData {
  return (
    typeof value === "object" && value !== null && "cancelled" in value && value.cancelled instanceof SharedArrayBuffer
  );
}
