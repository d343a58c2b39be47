import type { Admission } from "./admission/admission.ts";
import { refusalOf } from "./api/refusal.ts";
import type { Blobs } from "./blobs/blobs.ts";
import { type Clock, today } from "./clock.ts";
import type { DirectoryStore } from "./storage/directory-store.ts";
import type { LeaseStore } from "./storage/lease-store.ts";
import type { StreamStore } from "./storage/stream-store.ts";

export interface HousekeepingParts {
  readonly streams: StreamStore;
  readonly directory: DirectoryStore;
  readonly leases: LeaseStore;
  readonly blobs: Blobs;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

const roundMilliseconds = 60_000;
const recordsPerSweep = 256;

/** What is done by timer: counters are written and deleted content leaves the files each minute; what expired is deleted at the start and once a day. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #sweptDay: number | undefined;
  #stopped = false;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    const round = (): void => {
      this.#running = this.#round();
    };
    this.#timer = setInterval(() => void this.#running.then(round), roundMilliseconds);
    this.#timer.unref();
    round();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    const { streams, directory, leases, admission, clock, log } = this.#parts;
    try {
      const day = today(clock);
      if (this.#sweptDay !== day) await this.#sweep(day);
      await admission.flush();
      for (const store of [streams, directory, leases]) await store.compact();
    } catch (error) {
      // The next round tries again.
      refusalOf(error, log);
    }
  }

  async #sweep(day: number): Promise<void> {
    const { streams, directory, blobs } = this.#parts;
    while (!this.#stopped && (await streams.sweep(day, recordsPerSweep)) === recordsPerSweep) {
      // Others get their turn between two commits.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await directory.sweep(day);
    await blobs.sweep();
    if (!this.#stopped) this.#sweptDay = day;
  }
}
