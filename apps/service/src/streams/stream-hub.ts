import { hexOf, limits } from "@bulla/wire";
import { type Clock, today } from "../clock.ts";
import { GroupCommit } from "../group-commit.ts";
import type { StreamChange, StreamOutcome, StreamRead, StreamStore } from "../storage/stream-store.ts";
import { SharedReads } from "./shared-reads.ts";

/** Rung when a stream has changed. It carries nothing: whoever hears it reads again from its own cursor. */
export type Doorbell = () => void;

/** All connections meet here: one group commit for what they write, one doorbell per stream for what they follow. */
export class StreamHub {
  readonly #store: StreamStore;
  readonly #clock: Clock;
  readonly #commits: GroupCommit<StreamChange, StreamOutcome>;
  readonly #doorbells = new Map<string, Set<Doorbell>>();
  readonly #shared = new SharedReads();

  constructor(store: StreamStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#commits = new GroupCommit(async (changes) => {
      const outcomes = await store.commit(changes);
      this.#shared.renew(changes, outcomes);
      this.#ring(changes, outcomes);
      return outcomes;
    });
  }

  /** Durable when resolved. */
  change(change: StreamChange): Promise<StreamOutcome> {
    return this.#commits.add(change);
  }

  read(sid: Uint8Array, from: number, maxRecords: number): Promise<StreamRead> {
    return this.#store.read(sid, { from, maxRecords, maxBytes: limits.maxReadBytes, today: today(this.#clock) });
  }

  /** What comes next for a follower. All followers at the same place get the same object. */
  readNext(sid: Uint8Array, from: number): Promise<StreamRead> {
    return this.#shared.take(sid, from, () => this.read(sid, from, limits.maxRecordsPerRead));
  }

  isOpen(sid: Uint8Array): Promise<boolean> {
    return this.#store.isOpen(sid);
  }

  /** @returns how to stop listening */
  listen(sid: Uint8Array, doorbell: Doorbell): () => void {
    const key = hexOf(sid);
    const listeners = this.#doorbells.get(key) ?? new Set();
    this.#doorbells.set(key, listeners.add(doorbell));
    return () => {
      listeners.delete(doorbell);
      if (listeners.size === 0 && this.#doorbells.get(key) === listeners) this.#doorbells.delete(key);
    };
  }

  async drain(): Promise<void> {
    await this.#commits.drain();
  }

  #ring(changes: readonly StreamChange[], outcomes: readonly StreamOutcome[]): void {
    const changed = new Set(changes.flatMap(({ sid }, i) => (outcomes[i]?.kind === "appended" ? [hexOf(sid)] : [])));
    for (const key of changed) for (const doorbell of this.#doorbells.get(key) ?? []) doorbell();
  }
}
