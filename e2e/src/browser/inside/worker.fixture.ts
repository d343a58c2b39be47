import { type FileOutcome, runFile } from "./run-file.fixture.ts";

export interface WorkerQuestion {
  readonly path: string;
}

addEventListener("message", ({ data }: MessageEvent<WorkerQuestion>) => void answer(data));

async function answer({ path }: WorkerQuestion): Promise<void> {
  try {
    postMessage(await runFile(path));
  } catch (error) {
    const broken: FileOutcome = { tests: [], problems: [String(error)] };
    postMessage(broken);
  }
}
