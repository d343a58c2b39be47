import type { Store, StoreTransaction } from "../ports.ts";

/** Writes that are durable when they resolve. Those that are asked for while a step runs share the next one, so many small ones cost few syncs. */
export class Journal {
  readonly #store: Store;
  readonly #gather: () => Promise<void>;
  #waiting: Entry[] = [];
  #running = false;

  /** @param gather waits before each step, so that more writes come together. Default: no wait */
  constructor(store: Store, gather: () => Promise<void> = async () => undefined) {
    this.#store = store;
    this.#gather = gather;
  }

  put(key: string, value: Uint8Array): Promise<void> {
    return this.write((transaction) => transaction.put(key, value));
  }

  /** @param work must not depend on being alone in its step */
  write(work: Work): Promise<void> {
    return this.later(work)();
  }

  /** Something that can wait, but goes along with whatever cannot. @returns how to have it written now */
  later(work: Work): () => Promise<void> {
    const written = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ work, resolve, reject });
    });
    written.catch(() => undefined);
    return () => {
      if (!this.#running) void this.#run();
      return written;
    };
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#gather();
      const entries = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store.step(async (transaction) => {
          for (const { work } of entries) await work(transaction);
        });
        for (const { resolve } of entries) resolve();
      } catch (error) {
        for (const { reject } of entries) reject(error);
      }
    }
    this.#running = false;
  }
}

type Work = (transaction: StoreTransaction) => Promise<void>;

interface Entry {
  readonly work: Work;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
