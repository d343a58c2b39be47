import { type FileOutcome, listFile, runFile } from "./run-file.fixture.ts";
import type { WorkerQuestion } from "./worker.fixture.ts";

/** What the page offers to whoever drives the browser. */
export interface Offered {
  list(path: string): Promise<FileOutcome>;
  runInPage(path: string): Promise<FileOutcome>;
  runInWorker(path: string): Promise<FileOutcome>;
}

const offered: Offered = { list: listFile, runInPage: runFile, runInWorker };
Object.assign(globalThis, { offered });

// A worker of its own for every file: nothing is left of the file before.
function runInWorker(path: string): Promise<FileOutcome> {
  const worker = new Worker(new URL("worker.fixture.js", import.meta.url), { type: "module" });
  return new Promise<FileOutcome>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FileOutcome>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(`the worker broke: ${message}`));
    const question: WorkerQuestion = { path };
    worker.postMessage(question);
  }).finally(() => worker.terminate());
}
