import type { Random } from "@bulla/core";
import {
  BullaError,
  hexOf,
  InternalError,
  isBullaError,
  type StreamAddress,
  streamId,
  type Verifier,
} from "@bulla/wire";
import type { Operation } from "@bulla/wire/api";
import type { Clock, Transport } from "../ports.ts";
import { FrameLink } from "./frame-link.ts";
import { type QueuedRequest, RequestQueue } from "./request-queue.ts";
import { type ProveWriteKey, StreamAttachments } from "./stream-attachments.ts";
import type { FollowEnd, RecordBatch } from "./stream-follower.ts";
import { StreamFollows } from "./stream-follows.ts";
import { type AppendResult, type RecordPage, readAppended, readDone, readPage } from "./stream-results.ts";
import { type StreamRequestOptions, waitWithin } from "./wait-within.ts";
import { backoffMilliseconds, passes } from "./with-retries.ts";

/** `idle`: nothing needs a connection, and there is none. `offline`: one is needed and cannot be had; it is tried again by itself. */
export type ConnectionState = "idle" | "connecting" | "online" | "offline";

export interface StreamConnectionOptions {
  readonly transport: Transport;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly random: Random;
  /** Base URL of the service, without a trailing slash. */
  readonly url: string;
  readonly onState?: (state: ConnectionState) => void;
  /** Wait before the first new attempt; doubles up to 15 seconds. Default 100 ms. */
  readonly firstWaitMilliseconds?: number;
  /** How long the service may take to greet. Default 10 seconds. */
  readonly helloMilliseconds?: number;
}

export type OpenAdmission = Extract<Operation, { readonly kind: "open" }>["admission"];

export interface AppendRequest {
  readonly sid: Uint8Array;
  readonly recordId: Uint8Array;
  readonly body: Uint8Array;
  /** UTC day; null for never. */
  readonly expiryDay: number | null;
  readonly close: boolean;
}

export interface Following {
  readonly ended: Promise<FollowEnd>;
  /** Everything before this position was handled. */
  readonly cursor: number;
}

/** The streams of one service over one WebSocket: opened when first needed, and again whenever it is lost. Then everything attached is attached anew,
 *  follows go on at their cursors, and what was not answered is sent again, which record ids make harmless. Requests on one stream are sent in the order in which they were made.
 *  A service that breaks the protocol fails everything under way with `transport/bad-answer`; the next request connects anew. */
export class StreamConnection implements AsyncDisposable {
  readonly #options: StreamConnectionOptions;
  readonly #over = new AbortController();
  readonly #requests = new RequestQueue();
  readonly #attachments: StreamAttachments;
  readonly #follows: StreamFollows;
  readonly #attaching = new Map<string, PromiseWithResolvers<void>>();
  #link: FrameLink | undefined;
  #running: Promise<void> | undefined;
  #state: ConnectionState = "idle";

  constructor(options: StreamConnectionOptions) {
    this.#options = options;
    this.#attachments = new StreamAttachments({
      onAttached: (stream) => {
        this.#attaching.get(stream)?.resolve();
        this.#attaching.delete(stream);
        this.#pump();
        this.#follows.resume();
      },
      onRefused: (stream, error) => this.#failStream(stream, error),
    });
    this.#follows = new StreamFollows((stream) => this.#attachments.isAttached(stream));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Show the right to read a stream, and with `prove` to append to it. Resolves to its sid once the service took it; it stays attached for good.
   *  @throws BullaError transport/*, or the service's refusal */
  async attach(address: StreamAddress, prove?: ProveWriteKey, options: StreamRequestOptions = {}): Promise<Uint8Array> {
    this.#checkAlive();
    const sid = streamId(this.#options.verifier, address);
    const stream = hexOf(sid);
    this.#attachments.add(stream, sid, address, prove);
    if (this.#attachments.isAttached(stream)) return sid;
    const waiting = this.#attaching.get(stream) ?? Promise.withResolvers<void>();
    // Whoever waits hears of a failure; when nobody does any more, it is no unhandled one.
    waiting.promise.catch(() => undefined);
    this.#attaching.set(stream, waiting);
    const { promise, reject } = Promise.withResolvers<void>();
    this.#connectIfWanted();
    await waitWithin(this.#options.clock, Promise.race([waiting.promise, promise]), reject, options);
    return sid;
  }

  /** Open an attached stream. Opening an open one is fine. For `closed`, that stream must be attached with proof.
   *  @throws BullaError service/forbidden, service/quota */
  async openStream(sid: Uint8Array, admission: OpenAdmission, options?: StreamRequestOptions): Promise<void> {
    const others = admission.kind === "closed" ? [hexOf(admission.sid)] : [];
    return this.#request(
      { operation: { kind: "open", sid, admission }, streams: [hexOf(sid), ...others], read: readDone },
      options,
    );
  }

  /** Append a record to a stream attached with proof. `appended` and `duplicate` mean durable.
   *  @throws BullaError service/forbidden, service/not-found */
  async append(record: AppendRequest, options?: StreamRequestOptions): Promise<AppendResult> {
    const { sid, recordId, body, expiryDay, close } = record;
    return this.#request(
      {
        operation: { kind: "append", sid, recordId, body, expiryDay, close },
        streams: [hexOf(sid)],
        read: readAppended,
      },
      options,
    );
  }

  /** At most `max` records from a position on; fewer when they are large. */
  async read(sid: Uint8Array, from: number, max: number, options?: StreamRequestOptions): Promise<RecordPage> {
    return this.#request(
      {
        operation: { kind: "read", sid, from, max },
        streams: [hexOf(sid)],
        read: (result) => readPage(result, from, max),
      },
      options,
    );
  }

  /** Every record from a position on, in order and once, those to come included. The next batch comes when the handler is done with the one before;
   *  one that throws ends the following. A stream that nobody has opened reads as empty. One following per stream. */
  follow(sid: Uint8Array, from: number, onRecords: (batch: RecordBatch) => Promise<void> | void): Following {
    this.#checkAlive();
    this.#checkAttached(hexOf(sid));
    const following = this.#follows.add(sid, from, onRecords);
    this.#connectIfWanted();
    return following;
  }

  /** The handler is not called again; a call under way goes on. */
  unfollow(sid: Uint8Array): void {
    this.#follows.end(hexOf(sid), { kind: "unfollowed" });
  }

  /** Leaves no socket and no timer. What was not answered rejects with `transport/unreachable`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over.signal.aborted) return;
    const closed = closedHere();
    this.#over.abort(closed);
    this.#follows.endAll({ kind: "unfollowed" });
    this.#failRequests(closed);
    await this.#link?.close();
    await this.#running;
  }

  async #request<T>(request: QueuedRequest<T>, options: StreamRequestOptions = {}): Promise<T> {
    this.#checkAlive();
    for (const stream of request.streams) this.#checkAttached(stream);
    options.signal?.throwIfAborted();
    const { answer, abandon } = this.#requests.add(request);
    this.#connectIfWanted();
    this.#pump();
    return waitWithin(this.#options.clock, answer, abandon, options);
  }

  get #isWanted(): boolean {
    return (
      !this.#over.signal.aborted && (!this.#requests.isEmpty || this.#attaching.size > 0 || this.#follows.isWanted)
    );
  }

  #connectIfWanted(): void {
    if (this.#running === undefined && this.#isWanted) this.#running = this.#stayConnected();
  }

  async #stayConnected(): Promise<void> {
    const { transport, clock, random, url, firstWaitMilliseconds = 100, helloMilliseconds = 10_000 } = this.#options;
    const { signal } = this.#over;
    let failures = 0;
    while (this.#isWanted) {
      if (failures === 0) this.#tell("connecting");
      try {
        const heard = await this.#useOneLink(
          await FrameLink.open({ transport, clock, url, signal, helloMilliseconds }, (pushed) =>
            this.#follows.take(pushed),
          ),
        );
        failures = heard ? 1 : failures + 1;
      } catch (error) {
        failures++;
        if (signal.aborted) break;
        if (!passes(error)) this.#failAll(error);
      }
      if (!this.#isWanted) break;
      this.#tell("offline");
      await clock
        .sleep(backoffMilliseconds(random, failures, firstWaitMilliseconds, 15_000), signal)
        .catch(() => undefined);
    }
    this.#tell("idle");
    this.#running = undefined;
  }

  /** @returns whether the service was of any use before the link ended */
  async #useOneLink(link: FrameLink): Promise<boolean> {
    this.#link = link;
    if (this.#over.signal.aborted) link.end(closedHere());
    this.#tell("online");
    this.#follows.useLink(link);
    this.#attachments.useLink(link);
    const reason = await link.ended;
    this.#link = undefined;
    this.#requests.takeBack();
    this.#attachments.useLink(undefined);
    this.#follows.useLink(undefined);
    if (isBullaError(reason, "transport/bad-answer")) this.#failAll(reason);
    return link.wasUseful;
  }

  #pump(): void {
    if (this.#link !== undefined) this.#requests.pump(this.#link, (stream) => this.#attachments.isAttached(stream));
  }

  #failStream(stream: string, error: unknown): void {
    this.#attaching.get(stream)?.reject(error);
    this.#attaching.delete(stream);
    this.#requests.fail(error, stream);
    this.#follows.end(stream, { kind: "failed", error });
  }

  #failAll(error: unknown): void {
    this.#failRequests(error);
    this.#follows.endAll({ kind: "failed", error });
  }

  #failRequests(error: unknown): void {
    for (const waiting of this.#attaching.values()) waiting.reject(error);
    this.#attaching.clear();
    this.#requests.fail(error);
  }

  #tell(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }

  #checkAlive(): void {
    if (this.#over.signal.aborted) throw new InternalError("stream connection was disposed of");
  }

  #checkAttached(stream: string): void {
    if (!this.#attachments.has(stream)) throw new InternalError("stream was not attached");
  }
}

function closedHere(): BullaError {
  return new BullaError("transport/unreachable", "connection to the service was closed here");
}
