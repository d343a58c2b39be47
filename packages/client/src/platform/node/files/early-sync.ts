import type { FileHandle } from "node:fs/promises";

/** Enough for a disk to be busy with, and little against what the caches of a small machine hold. */
const earlyBytes = 64 * 1024 * 1024;

/** Brings one file to the disk while more of it is being written, so that the sync at its end has little left to do, and the system never has much of it to write at once. */
export class EarlySync {
  #written = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  /** So much more was written. Returns at once. */
  wrote(file: Pick<FileHandle, "datasync">, bytes: number): void {
    this.#written += bytes;
    if (this.#written < earlyBytes || this.#running !== undefined) return;
    this.#written = 0;
    this.#running = file
      .datasync()
      .catch((error: unknown) => {
        // The system tells of bytes that it could not write once only: a later sync would succeed.
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Whether none runs and none has failed: only then may the file be closed before its last sync, or a failure would be forgotten with it. */
  get isSettled(): boolean {
    return this.#running === undefined && this.#failure === undefined;
  }

  /** Wait for what runs. To be called before the sync that counts. @throws whatever a sync failed with */
  async settle(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
