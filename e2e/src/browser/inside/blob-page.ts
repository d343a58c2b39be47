import type { BlobJob } from "./blob-worker.ts";

export interface BlobRun {
  readonly mebibytes: number;
  readonly workers: number;
}

export interface BlobSpeed {
  readonly sealMBs: number;
  readonly openMBs: number;
}

Object.assign(globalThis, { measureBlobs });

/** Every worker seals a blob of its own share, then opens it. MB are millions of bytes of plaintext; time is until the last worker is done. */
async function measureBlobs({ mebibytes, workers }: BlobRun): Promise<BlobSpeed> {
  const share = Math.floor((mebibytes * 1024 * 1024) / workers);
  const crew = Array.from(
    { length: workers },
    () => new Worker(new URL("blob-worker.js", import.meta.url), { type: "module" }),
  );
  const everyone = async (job: BlobJob): Promise<number> => {
    const start = performance.now();
    await Promise.all(crew.map((worker) => ask(worker, job)));
    return (share * workers) / 1e3 / (performance.now() - start);
  };
  try {
    // The first run compiles the code.
    await everyone({ kind: "seal", bytes: Math.min(share, 4 * 1024 * 1024) });
    await everyone({ kind: "open" });
    return { sealMBs: await everyone({ kind: "seal", bytes: share }), openMBs: await everyone({ kind: "open" }) };
  } finally {
    for (const worker of crew) worker.terminate();
  }
}

function ask(worker: Worker, job: BlobJob): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.onmessage = () => resolve();
    worker.onerror = ({ message }) => reject(new Error(`the worker broke: ${message}`));
    worker.postMessage(job);
  });
}
