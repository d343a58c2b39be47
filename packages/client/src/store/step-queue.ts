import { BullaError } from "@bulla/wire";

/** Turns in the order they were asked for. A turn that lasts longer than the limit turns everybody waiting behind it away, so nobody waits in silence for work that never ends. */
export class StepQueue {
  readonly #limitMilliseconds: number;
  readonly #waiting: Waiter[] = [];
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(limitMilliseconds: number) {
    this.#limitMilliseconds = limitMilliseconds;
  }

  /** Run `work` when all turns before it are over.
   *  @throws BullaError store/locked – one turn before it lasted longer than the limit */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> {
    if (!this.#busy) {
      this.#busy = true;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#timer ??= setTimeout(() => this.#turnAway(), this.#limitMilliseconds);
    });
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) {
      this.#busy = false;
      return;
    }
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#turnAway(), this.#limitMilliseconds);
    next.resolve();
  }

  #turnAway(): void {
    this.#timer = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(storeLocked(this.#limitMilliseconds));
  }
}

export function storeLocked(waitedMilliseconds: number): BullaError {
  return new BullaError(
    "store/locked",
    `the device's store is busy: waited ${Math.round(waitedMilliseconds / 1000)} s for another step to end`,
    {
      hint: "another bulla command on this device seems to hang: end it, then run this again",
    },
  );
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: BullaError) => void;
}
