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
import { BullaError, dayOf, type ErrorCode, isBullaError } from "@bulla/wire";
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

const windowChunks = 6;

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
  readonly #tails = new Map<number, Promise<Uint8Array>>();
  readonly #opened = new Map<number, Promise<OpenedPlaintext>>();
  #opening: Promise<BlobOpening> | undefined;

  constructor(fetching: Fetching, ref: BlobRef, plan: BlobPlan, signal: AbortSignal) {
    this.#fetching = fetching;
    this.#ref = ref;
    this.#plan = plan;
    this.#signal = signal;
  }

  /** To go on in the middle takes the blob's header and the end of the chunk before. */
  async begin(first: number): Promise<void> {
    this.#tails.set(-1, Promise.resolve(new Uint8Array(0)));
    if (first === 0) return;
    const header = await this.#fetch(0);
    this.#opening = Promise.resolve(this.#open(header));
    const before = first === 1 ? header : await this.#fetch(first - 1);
    this.#tails.set(first - 1, Promise.resolve(segmentTail(this.#plan, first - 1, before)));
  }

  launch(index: number): void {
    if (this.#opened.has(index)) return;
    const permit = this.#fetching.chunks.take(this.#signal);
    const chunk = permit.then(() => this.#fetch(index));
    const tail = chunk.then((bytes) => segmentTail(this.#plan, index, bytes));
    const opening = (this.#opening ??= chunk.then((bytes) => this.#open(bytes)));
    const opened = this.#openChunk(index, chunk, tail, opening, permit);
    this.#tails.set(index, tail);
    this.#opened.set(index, opened);
    for (const promise of [permit, tail, opening, opened]) promise.catch(() => undefined);
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

  async #openChunk(
    index: number,
    chunk: Promise<Uint8Array>,
    tail: Promise<Uint8Array>,
    opening: Promise<BlobOpening>,
    permit: Promise<() => void>,
  ): Promise<OpenedPlaintext> {
    const giveBack = await permit;
    try {
      // The tail is copied first, because opening gives the chunk's memory away.
      const [bytes, before, key] = await Promise.all([chunk, this.#tails.get(index - 1), opening, tail]);
      const hash = this.#ref.chunks[index];
      if (hash === undefined || before === undefined) throw new RangeError(`chunk ${index} is not next`);
      const opened = await this.#final(() =>
        this.#fetching.sealer.openChunk({ opening: key, index, chunk: bytes, before, hash }, { signal: this.#signal }),
      );
      const release = (): void => {
        opened.release();
        giveBack();
      };
      return { bytes: opened.bytes, offset: opened.offset, release, [Symbol.dispose]: release };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  #open(firstChunk: Uint8Array): BlobOpening {
    try {
      return startOpening(this.#fetching.primitives, this.#ref.key, this.#ref.size, firstChunk);
    } catch (error) {
      throw isBullaError(error, "blob/refused") ? new BlobFailure(error, true) : error;
    }
  }

  /** The bytes are those that the sender named: if they do not open now, they never will. */
  async #final<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw isBullaError(error, "blob/refused") ? new BlobFailure(error, true) : error;
    }
  }

  async #fetch(index: number): Promise<Uint8Array> {
    const hash = this.#ref.chunks[index];
    if (hash === undefined) throw new RangeError(`blob has no chunk ${index}`);
    const { service, clock, primitives, expiryDay } = this.#fetching;
    const get = (): Promise<Uint8Array> => service.getChunk(hash, this.#signal);
    for (let wrong = 1; ; wrong++) {
      try {
        return await withRetries(clock, primitives.random, get, { attempts: 4, signal: this.#signal });
      } catch (error) {
        if (isBullaError(error, "blob/refused")) {
          if (wrong >= 3) throw new BlobFailure(error, false);
        } else if (isBullaError(error, "service/not-found") || isBullaError(error, "service/expired")) {
          throw missing(dayOf(clock.now()) > expiryDay, error);
        } else if (isBullaError(error) && !passes(error) && isAboutOneChunk(error.code))
          throw new BlobFailure(error, false);
        else throw error;
      }
    }
  }
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
