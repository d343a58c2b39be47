import {
  type BlobOpening,
  type BlobPlan,
  type BlobRef,
  openedRangeOf,
  type Primitives,
  planBlob,
  segmentTail,
  startOpening,
} from "@bulla/core";
import { BullaError, dayOf, type ErrorCode, equalBytes, isBullaError } from "@bulla/wire";
import type { Clock, OpenedPlaintext, Sealer } from "../ports.ts";
import type { ServiceClient } from "../service/service-client.ts";
import { passes, withRetries } from "../service/with-retries.ts";
import type { Permits } from "./permits.ts";

/** What the downloads of one run share. */
export interface Fetching {
  readonly service: ServiceClient;
  readonly sealer: Sealer;
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly expiryDay: number;
  /** Chunks that are on their way or held, opened or not. Fewer than the sealer's buffers, because a blob's chunks are used in order. */
  readonly chunks: Permits;
}

/** A blob cannot be had. `isFinal`: it will never be otherwise; if not, the service may serve it right another time. */
export class BlobFailure extends Error {
  override readonly name = "BlobFailure";
  readonly error: BullaError;
  readonly isFinal: boolean;
  constructor(error: BullaError, isFinal: boolean) {
    super(error.message, { cause: error });
    this.error = error;
    this.isFinal = isFinal;
  }
}

const windowChunks = 4;

/** Authenticated plaintext of a blob in order, from the chunk on that gives the byte at `from`; later chunks are fetched and opened meanwhile. Every chunk is fetched, padding too,
 *  so that the service does not learn where the content ends. Each piece is to be released.
 *  @throws BlobFailure; BullaError transport/* when the service cannot be reached */
export async function* fetchBlob(
  fetching: Fetching,
  ref: BlobRef,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<OpenedPlaintext, void, undefined> {
  const plan = planBlob(ref.size);
  const stop = new AbortController();
  const download = new BlobDownload(fetching, ref, plan, AbortSignal.any([signal, stop.signal]));
  const first = firstNeeded(plan, from);
  try {
    await download.begin(first);
    for (let index = first; index < plan.chunkCount; index++) {
      for (let ahead = index; ahead < Math.min(plan.chunkCount, index + windowChunks); ahead++) download.launch(ahead);
      yield await download.take(index);
    }
  } finally {
    stop.abort(new BullaError("cli/interrupted", "no longer wanted"));
    await download.end();
  }
}

function firstNeeded(plan: BlobPlan, from: number): number {
  let index = 0;
  while (index < plan.chunkCount - 1 && openedRangeOf(plan, index).end <= from && from > 0) index++;
  return index;
}

class BlobDownload {
  readonly #fetching: Fetching;
  readonly #ref: BlobRef;
  readonly #plan: BlobPlan;
  readonly #signal: AbortSignal;
  readonly #tails = new Map<number, Latest<Uint8Array>>();
  readonly #opened = new Map<number, Promise<OpenedPlaintext>>();
  readonly #opening = new Latest<BlobOpening>();

  constructor(fetching: Fetching, ref: BlobRef, plan: BlobPlan, signal: AbortSignal) {
    this.#fetching = fetching;
    this.#ref = ref;
    this.#plan = plan;
    this.#signal = signal;
  }

  /** To go on in the middle takes the blob's header and the end of the chunk before. */
  async begin(first: number): Promise<void> {
    const tail = new Latest<Uint8Array>();
    this.#tails.set(first - 1, tail);
    if (first === 0) return tail.set(new Uint8Array(0));
    const header = await this.#fetchChecked(0);
    this.#opening.set(this.#open(header));
    const before = first === 1 ? header : await this.#fetchChecked(first - 1);
    tail.set(segmentTail(this.#plan, first - 1, before));
  }

  launch(index: number): void {
    if (this.#opened.has(index)) return;
    const opened = this.#obtain(index);
    this.#opened.set(index, opened);
    opened.catch(() => undefined);
  }

  async take(index: number): Promise<OpenedPlaintext> {
    const opened = await (this.#opened.get(index) ?? Promise.reject(new RangeError(`chunk ${index} was not launched`)));
    this.#opened.delete(index);
    this.#tails.delete(index - 2);
    return opened;
  }

  /** Give back what nobody took. */
  async end(): Promise<void> {
    for (const opened of this.#opened.values()) (await opened.catch(() => undefined))?.release();
  }

  /** A chunk's plaintext, for as long as the permit is held. Up to here nobody has checked the bytes: the sealer hashes them, away from this thread. */
  async #obtain(index: number): Promise<OpenedPlaintext> {
    const tail = new Latest<Uint8Array>();
    this.#tails.set(index, tail);
    let giveBack = (): void => undefined;
    try {
      giveBack = await this.#fetching.chunks.take(this.#signal);
      const opened = await this.#fetchAndOpen(index, tail);
      const release = (): void => {
        opened.release();
        giveBack();
      };
      return { bytes: opened.bytes, offset: opened.offset, release, [Symbol.dispose]: release };
    } catch (error) {
      tail.fail(error);
      if (index === 0) this.#opening.fail(error);
      giveBack();
      throw error;
    }
  }

  async #fetchAndOpen(index: number, tail: Latest<Uint8Array>): Promise<OpenedPlaintext> {
    const { sealer } = this.#fetching;
    const hash = this.#hashOf(index);
    using room = sealer.borrowRoom?.();
    const last = this.#tails.get(index - 1);
    if (last === undefined) throw new RangeError(`chunk ${index} is not next`);
    for (let wrong = 0; ; ) {
      // The header says whether the key is right, so the first chunk is checked before it is asked.
      const chunk = await (index === 0 ? this.#fetchChecked(0) : this.#fetch(index, room?.bytes));
      if (index === 0) this.#opening.set(this.#open(chunk));
      // Copied, because opening gives the chunk's memory away.
      tail.set(segmentTail(this.#plan, index, chunk));
      const before = await last.get();
      const opening = await this.#opening.get();
      try {
        return await sealer.openChunk({ opening, index, chunk, before, hash }, { signal: this.#signal });
      } catch (error) {
        if (isBullaError(error, "blob/missing-chunk")) {
          if (++wrong >= fetchesAtMost) throw new BlobFailure(wrongChunk(error), false);
        } else if (!isBullaError(error, "blob/refused")) throw error;
        else {
          // What came of the chunk before may have been wrong too. If not, these are the bytes that the sender named: if they do not open now, they never will.
          await this.#opened.get(index - 1);
          if ((await last.get()) === before) throw new BlobFailure(error, true);
        }
      }
    }
  }

  #open(firstChunk: Uint8Array): BlobOpening {
    try {
      return startOpening(this.#fetching.primitives, this.#ref.key, this.#ref.size, firstChunk);
    } catch (error) {
      throw isBullaError(error, "blob/refused") ? new BlobFailure(error, true) : error;
    }
  }

  #hashOf(index: number): Uint8Array {
    const hash = this.#ref.chunks[index];
    if (hash === undefined) throw new RangeError(`blob has no chunk ${index}`);
    return hash;
  }

  async #fetchChecked(index: number): Promise<Uint8Array> {
    const { primitives } = this.#fetching;
    for (let wrong = 1; ; wrong++) {
      const chunk = await this.#fetch(index);
      if (equalBytes(primitives.sha256(chunk), this.#hashOf(index))) return chunk;
      if (wrong >= fetchesAtMost) throw new BlobFailure(wrongChunk(), false);
    }
  }

  /** Whatever the service has under that name. */
  async #fetch(index: number, into?: Uint8Array): Promise<Uint8Array> {
    const { service, clock, primitives, expiryDay } = this.#fetching;
    const get = (): Promise<Uint8Array> => service.getChunkUnchecked(this.#hashOf(index), this.#signal, into);
    try {
      return await withRetries(clock, primitives.random, get, { attempts: 4, signal: this.#signal });
    } catch (error) {
      if (isBullaError(error, "service/not-found") || isBullaError(error, "service/expired"))
        throw missing(dayOf(clock.now()) > expiryDay, error);
      if (isBullaError(error) && !passes(error) && isAboutOneChunk(error.code)) throw new BlobFailure(error, false);
      throw error;
    }
  }
}

/** A value that others wait for, and that may be replaced later: the end of a chunk is used before the chunk is checked, and comes anew when that had to be fetched again. */
class Latest<T> {
  #value: Promise<T>;
  #resolve: (value: T) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  constructor() {
    this.#value = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#value.catch(() => undefined);
  }

  get(): Promise<T> {
    return this.#value;
  }

  set(value: T): void {
    this.#resolve(value);
    this.#value = Promise.resolve(value);
  }

  /** For those that wait for the first one. */
  fail(error: unknown): void {
    this.#reject(error);
  }
}

const fetchesAtMost = 3;

function wrongChunk(cause?: BullaError): BullaError {
  return new BullaError("blob/refused", "chunk is not the one that was asked for", { cause });
}

/** The service was reached and failed to serve this, or may not be asked at all. */
function isAboutOneChunk(code: ErrorCode): boolean {
  return code.startsWith("service/") || code.startsWith("transport/");
}

function missing(isExpired: boolean, cause: BullaError): BlobFailure {
  const error = isExpired
    ? new BullaError("blob/expired", "it has expired: the service keeps it no longer", {
        cause,
        hint: "ask the sender to send it again",
      })
    : new BullaError("blob/missing-chunk", "the service does not have all of it", {
        cause,
        hint: "try again later, or ask the sender to send it again",
      });
  return new BlobFailure(error, isExpired);
}
