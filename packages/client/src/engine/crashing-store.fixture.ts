import type { Store, StoreEntry, StoreTransaction } from "../ports.ts";

/** The process that used this store is gone. */
export class Crash extends Error {}

/** A store whose process dies around its n-th step: before what it wrote is kept, or right after. From then on nothing works, as after kill -9. */
export class CrashingStore implements Store {
  readonly #inner: Store;
  readonly #at: number;
  readonly #kept: boolean;
  #steps = 0;
  #dead = false;

  constructor(inner: Store, at: number, kept: boolean) {
    this.#inner = inner;
    this.#at = at;
    this.#kept = kept;
  }

  async step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    this.#check();
    const last = this.#steps++ === this.#at;
    const result = await this.#inner.step(async (transaction) => {
      const value = await work(transaction);
      if (last && !this.#kept) {
        this.#dead = true;
        throw new Crash("the process died before its step was kept");
      }
      return value;
    });
    if (last) this.#dead = true;
    this.#check();
    return result;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    return this.#inner.get(key);
  }

  async list(prefix: string): Promise<readonly StoreEntry[]> {
    this.#check();
    return this.#inner.list(prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The inner store outlives the process.
  }

  #check(): void {
    if (this.#dead) throw new Crash("the process is dead");
  }
}
