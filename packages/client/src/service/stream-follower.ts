import type { StoredRecord } from "@bulla/wire/api";
import { badAnswer } from "./service-refusal.ts";

/** Records of a stream in their order, the first at position `from`. */
export interface RecordBatch {
  readonly from: number;
  readonly records: readonly StoredRecord[];
  /** The stream takes no more after these. */
  readonly closed: boolean;
}

export type FollowEnd =
  | { readonly kind: "closed" }
  | { readonly kind: "unfollowed" }
  /** The service refused or broke the protocol, or the handler threw. */
  | { readonly kind: "failed"; readonly error: unknown };

/** What followers of one connection hold in memory together. */
export interface QueueBudget {
  usedBytes: number;
}

export interface FollowerOptions {
  readonly from: number;
  readonly onRecords: (batch: RecordBatch) => Promise<void> | void;
  readonly budget: QueueBudget;
  /** A batch was handled. */
  readonly onDrained: () => void;
  readonly onEnded: (end: FollowEnd) => void;
}

/** One stream being followed: takes batches as they come, hands them on one after the other, and knows where to go on. */
export class StreamFollower {
  readonly ended: Promise<FollowEnd>;
  readonly #options: FollowerOptions;
  readonly #queue: { readonly batch: RecordBatch; readonly bytes: number }[] = [];
  #resolve: (end: FollowEnd) => void = () => undefined;
  #isRunning = false;
  #next: number;
  #cursor: number;
  #queuedBytes = 0;
  #sawClose = false;
  #isOver = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#next = options.from;
    this.#cursor = options.from;
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Position of the next record to ask for. */
  get next(): number {
    return this.#next;
  }

  /** Everything before this position was handled. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Bytes that wait for the handler. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Whether nothing more needs to come. */
  get isComplete(): boolean {
    return this.#isOver || this.#sawClose;
  }

  /** @throws BullaError transport/bad-answer when the batch does not go on where the one before ended */
  accept(batch: RecordBatch): void {
    if (this.#isOver) return;
    if (this.#sawClose) throw badAnswer("service sent records after the end of a stream");
    if (batch.from !== this.#next) throw badAnswer("service left out or repeated records of a stream");
    this.#next += batch.records.length;
    this.#sawClose = batch.closed;
    const bytes = sizeOf(batch);
    this.#queue.push({ batch, bytes });
    this.#queuedBytes += bytes;
    this.#options.budget.usedBytes += bytes;
    if (!this.#isRunning) void this.#run();
  }

  /** The handler is not called again; a call under way goes on. */
  end(end: FollowEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.budget.usedBytes -= this.#queuedBytes;
    this.#queuedBytes = 0;
    this.#queue.length = 0;
    this.#resolve(end);
    this.#options.onEnded(end);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let entry = this.#queue[0]; entry !== undefined; entry = this.#queue[0]) {
      try {
        await this.#options.onRecords(entry.batch);
      } catch (error) {
        return this.end({ kind: "failed", error });
      }
      this.#cursor = entry.batch.from + entry.batch.records.length;
      if (this.#isOver) return;
      this.#queue.shift();
      this.#queuedBytes -= entry.bytes;
      this.#options.budget.usedBytes -= entry.bytes;
      if (entry.batch.closed) this.end({ kind: "closed" });
      else this.#options.onDrained();
    }
    this.#isRunning = false;
  }
}

/** What a batch keeps in memory, roughly. */
export function sizeOf({ records }: RecordBatch): number {
  return records.reduce((sum, record) => sum + 256 + (record.kind === "record" ? record.body.length : 0), 0);
}
