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
  /** Milliseconds that have passed for this process, whatever the clock says. */
  readonly elapsed?: () => number;
}

const roundMilliseconds = 60_000;
const recordsPerSweep = 256;
/** A clock that is wrong for a shorter time deletes nothing. */
const patienceMilliseconds = 3_600_000;

/** What is done by timer: counters are written and deleted content leaves the files each minute; what expired is deleted once a day, when the clock has said that day for an hour. */
export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #day: number | undefined;
  #daySince = 0;
  #sweptDay: number | undefined;
  #stopped = false;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.round(), roundMilliseconds);
    this.#timer.unref();
    void this.round();
  }

  /** One round, after the one before. */
  round(): Promise<void> {
    this.#running = this.#running.then(() => this.#round());
    return this.#running;
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
      if (this.#isSteady(day) && this.#sweptDay !== day) await this.#sweep(day);
      await admission.flush();
      for (const store of [streams, directory, leases]) await store.compact();
    } catch (error) {
      // The next round tries again.
      refusalOf(error, log);
    }
  }

  #isSteady(day: number): boolean {
    const { elapsed = () => performance.now() } = this.#parts;
    if (this.#day !== day) {
      this.#day = day;
      this.#daySince = elapsed();
    }
    return elapsed() - this.#daySince >= patienceMilliseconds;
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
