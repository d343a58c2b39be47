import { isBullaError } from "@bulla/wire";
import type { Operation, Result } from "@bulla/wire/api";
import type { FrameLink } from "./frame-link.ts";
import { refusal } from "./service-refusal.ts";

/** Sent and not answered at once, so that a connection's buffer stays small. */
const maxInFlightBytes = 4 * 1024 * 1024;

export interface QueuedRequest<T> {
  readonly operation: Operation;
  /** Streams that must be attached first, in hex. */
  readonly streams: readonly string[];
  /** Make sense of the result. @throws BullaError transport/bad-answer */
  read(result: Result): T;
}

interface Entry {
  readonly request: QueuedRequest<unknown>;
  readonly bytes: number;
  isSettled: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Requests in the order in which they were made: waiting for a link, or sent on one and not answered. What a lost link left unanswered is sent again on the next one. */
export class RequestQueue {
  #waiting = new Map<number, Entry>();
  readonly #sent = new Map<number, Entry>();
  #inFlightBytes = 0;
  #nextNumber = 0;

  get isEmpty(): boolean {
    return this.#waiting.size === 0 && ![...this.#sent.values()].some((entry) => !entry.isSettled);
  }

  /** @returns the answer to come, and how to stop waiting for it */
  add<T>(request: QueuedRequest<T>): { readonly answer: Promise<T>; abandon(reason: unknown): void } {
    const number = this.#nextNumber++;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const entry: Entry = {
      request,
      bytes: 512 + (request.operation.kind === "append" ? request.operation.body.length : 0),
      isSettled: false,
      // What `read` of this request returned.
      resolve: resolve as (value: unknown) => void,
      reject,
    };
    this.#waiting.set(number, entry);
    const abandon = (reason: unknown): void => {
      this.#waiting.delete(number);
      settle(entry, () => reject(reason));
    };
    return { answer: promise, abandon };
  }

  /** Send what can be sent. */
  pump(link: FrameLink, isAttached: (stream: string) => boolean): void {
    for (const [number, entry] of this.#waiting) {
      if (link.isOver || this.#inFlightBytes >= maxInFlightBytes) return;
      if (!entry.request.streams.every(isAttached)) continue;
      this.#waiting.delete(number);
      this.#sent.set(number, entry);
      this.#inFlightBytes += entry.bytes;
      link.request(entry.request.operation, (result) => {
        this.#sent.delete(number);
        this.#inFlightBytes -= entry.bytes;
        deliver(entry, result);
        this.pump(link, isAttached);
      });
    }
  }

  /** The link is gone: everything without an answer waits again, in its order. */
  takeBack(): void {
    const open = [...this.#sent, ...this.#waiting].filter(([, entry]) => !entry.isSettled);
    this.#waiting = new Map(open.sort(([a], [b]) => a - b));
    this.#sent.clear();
    this.#inFlightBytes = 0;
  }

  /** Give up on the requests that need a stream, or on all. */
  fail(error: unknown, stream?: string): void {
    const concerns = ({ request }: Entry): boolean => stream === undefined || request.streams.includes(stream);
    for (const [number, entry] of this.#waiting) {
      if (!concerns(entry)) continue;
      this.#waiting.delete(number);
      settle(entry, () => entry.reject(error));
    }
    for (const entry of this.#sent.values()) {
      if (concerns(entry)) settle(entry, () => entry.reject(error));
    }
  }
}

function deliver(entry: Entry, result: Result): void {
  if (result.kind === "failed") return settle(entry, () => entry.reject(refusal(result.code, result.message)));
  try {
    const value = entry.request.read(result);
    settle(entry, () => entry.resolve(value));
  } catch (error) {
    settle(entry, () => entry.reject(error));
    if (isBullaError(error, "transport/bad-answer")) throw error;
  }
}

function settle(entry: Entry, how: () => void): void {
  if (entry.isSettled) return;
  entry.isSettled = true;
  how();
}
