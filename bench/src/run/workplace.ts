import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

/** A folder of the bench's own and what was started in it; all of it goes when it is disposed. */
export class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly #started: AsyncDisposable[] = [];

  /** @param where on the file system that is to be measured */
  constructor(where: string) {
    this.folder = mkdtempSync(join(resolve(where), "bb-"));
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** Ended with the workplace, the newest first. */
  keep<T extends AsyncDisposable>(started: T): T {
    this.#started.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const started of this.#started.reverse()) await started[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
