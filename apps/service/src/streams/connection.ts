import { randomBytes } from "node:crypto";
import { limits } from "@bulla/wire";
import { type AnswerFrame, decodeRequest, encodeAnswer, type RequestFrame, type Result } from "@bulla/wire/api";
import type { WebSocket } from "ws";
import type { Tickets } from "../admission/tickets.ts";
import { refusalOf } from "../api/refusal.ts";
import { type Clock, today } from "../clock.ts";
import { AttachedStreams } from "./attached-streams.ts";
import { Followings, type Push } from "./followings.ts";
import { perform, type StreamSession } from "./operations.ts";
import type { StreamHub } from "./stream-hub.ts";

export interface ConnectionParts {
  readonly hub: StreamHub;
  readonly tickets: Tickets;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Above this many unsent bytes a connection is read no further and nothing is pushed to it. */
const highWaterBytes = 1024 * 1024;
/** Requests that wait for their commit; more wait in the socket. */
const maxOpenRequests = 2048;

// RFC 6455 §7.4.1.
const UNSUPPORTED_DATA = 1003;

/** One WebSocket: answers requests by their id, pushes what is followed, and never holds more unsent bytes than one batch above the mark. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #log: (line: string) => void;
  readonly #session: StreamSession;
  #waiting: RequestFrame[] = [];
  #openRequests = 0;
  /** One at a time: each may answer with megabytes. */
  #reading = false;
  #pushing = false;
  #alive = true;

  constructor(socket: WebSocket, { hub, tickets, clock, log }: ConnectionParts) {
    this.#socket = socket;
    this.#log = log;
    const nonce = new Uint8Array(randomBytes(limits.nonceBytes));
    const followings = new Followings(hub, () => void this.#push());
    this.#session = { hub, tickets, clock, followings, attached: new AttachedStreams(nonce) };
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("pong", () => {
      this.#alive = true;
    });
    socket.on("close", () => followings.stop());
    // The close event follows; there is nothing to say to a broken peer.
    socket.on("error", () => socket.terminate());
    this.#send({ kind: "hello", nonce, day: today(clock) });
  }

  /** Called at a fixed pace: drops a connection that did not answer the last ping. */
  beat(): void {
    if (!this.#alive) {
      this.#socket.terminate();
      return;
    }
    this.#alive = false;
    this.#socket.ping();
  }

  #receive(data: unknown, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!isBinary || !(data instanceof Uint8Array)) {
      this.#socket.close(UNSUPPORTED_DATA, "frames are binary");
      return;
    }
    try {
      this.#waiting.push(decodeRequest(data));
    } catch {
      this.#socket.close(UNSUPPORTED_DATA, "frame is malformed");
      this.#waiting = [];
      return;
    }
    this.#work();
  }

  /** Starts what may be started; the rest waits in the socket. */
  #work(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#isFreeFor(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#openRequests++;
      if (next.operation.kind === "read") this.#reading = true;
      void this.#answer(next);
    }
    if (this.#waiting.length > 0) this.#socket.pause();
    else if (this.#socket.isPaused) this.#socket.resume();
  }

  #isFreeFor({ operation }: RequestFrame): boolean {
    if (operation.kind === "read" && this.#reading) return false;
    return this.#openRequests < maxOpenRequests && this.#socket.bufferedAmount < highWaterBytes;
  }

  async #answer({ id, operation }: RequestFrame): Promise<void> {
    let result: Result;
    try {
      result = await perform(this.#session, operation);
    } catch (error) {
      const { code, message } = refusalOf(error, this.#log);
      result = { kind: "failed", code, message };
    }
    this.#openRequests--;
    if (operation.kind === "read") this.#reading = false;
    this.#send({ kind: "result", id, result });
    if (this.#waiting.length > 0) this.#work();
  }

  async #push(): Promise<void> {
    if (this.#pushing) return;
    this.#pushing = true;
    try {
      while (this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < highWaterBytes) {
        const push = await this.#session.followings.next();
        if (push === undefined) break;
        this.#sendFrame(frameOf(push));
      }
    } catch (error) {
      // The reader misses nothing: it connects again and goes on from its cursor.
      refusalOf(error, this.#log);
      this.#socket.terminate();
    } finally {
      this.#pushing = false;
    }
  }

  #send(frame: AnswerFrame): void {
    this.#sendFrame(encodeAnswer(frame));
  }

  #sendFrame(frame: Uint8Array): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(frame, () => {
      if (this.#waiting.length > 0) this.#work();
      void this.#push();
    });
  }
}

const frames = new WeakMap<Push, Uint8Array>();

/** Encoded once for all connections that are told the same. */
function frameOf(push: Push): Uint8Array {
  const known = frames.get(push);
  if (known !== undefined) return known;
  const frame = encodeAnswer({ kind: "pushed", ...push });
  frames.set(push, frame);
  return frame;
}
