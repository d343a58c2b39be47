import { randomBytes } from "node:crypto";
import { bytesOfBase64url, hexOf, proofBytes, streamId } from "@bulla/wire";
import { type AnswerFrame, decodeAnswer, encodeRequest, type Operation, type Result } from "@bulla/wire/api";
import { WebSocket } from "ws";
import { nodeVerifier } from "../node-verifier.ts";
import { type KeyPair, keyPair } from "./test-device.fixture.ts";

export type Pushed = AnswerFrame & { readonly kind: "pushed" };

/** What opens a stream. */
export class TestStream {
  readonly write: KeyPair = keyPair();
  readonly readSecret: Uint8Array = new Uint8Array(randomBytes(32));
  readonly sid: Uint8Array;

  constructor() {
    this.sid = streamId(nodeVerifier, { kind: 1, writeKey: this.write.publicKey, readSecret: this.readSecret });
  }
}

/** A WebSocket to the service that answers requests by id and keeps what was pushed. */
export class TestConnection {
  readonly socket: WebSocket;
  readonly nonce: Uint8Array;
  readonly pushed: Pushed[] = [];
  readonly #waiting = new Map<number, (result: Result) => void>();
  #watchers: (() => void)[] = [];
  #nextId = 1;

  static async open(url: string): Promise<TestConnection> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/v1/connect`);
    const first = await new Promise<Uint8Array>((resolve, reject) => {
      socket.once("message", (data: Buffer) => resolve(new Uint8Array(data)));
      socket.once("error", reject);
    });
    const hello = decodeAnswer(first);
    if (hello.kind !== "hello") throw new Error("no hello");
    return new TestConnection(socket, hello.nonce);
  }

  constructor(socket: WebSocket, nonce: Uint8Array) {
    this.socket = socket;
    this.nonce = nonce;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const frame = decodeAnswer(new Uint8Array(data));
      if (frame.kind === "result") this.#waiting.get(frame.id)?.(frame.result);
      if (frame.kind === "pushed") this.pushed.push(frame);
      for (const watcher of this.#watchers) watcher();
    });
  }

  request(operation: Operation): Promise<Result> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.socket.send(encodeRequest({ id, operation }));
    });
  }

  attach(stream: TestStream, proven = true): Promise<Result> {
    const proof = proven ? stream.write.sign(proofBytes(this.nonce, stream.sid)) : null;
    return this.request({
      kind: "attach",
      streamKind: 1,
      writeKey: stream.write.publicKey,
      readSecret: stream.readSecret,
      proof,
    });
  }

  open(stream: TestStream, ticket: string): Promise<Result> {
    return this.request({
      kind: "open",
      sid: stream.sid,
      admission: { kind: "ticket", ticket: bytesOfBase64url(ticket) ?? new Uint8Array(32) },
    });
  }

  append(
    stream: TestStream,
    body: Uint8Array,
    options: { readonly recordId?: Uint8Array; readonly close?: boolean; readonly expiryDay?: number | null } = {},
  ): Promise<Result> {
    const { recordId = randomBytes(16), close = false, expiryDay = null } = options;
    return this.request({ kind: "append", sid: stream.sid, recordId, body, expiryDay, close });
  }

  read(stream: TestStream, from = 0, max = 256): Promise<Result> {
    return this.request({ kind: "read", sid: stream.sid, from, max });
  }

  follow(stream: TestStream, from = 0): Promise<Result> {
    return this.request({ kind: "follow", sid: stream.sid, from });
  }

  /** Bodies pushed for one stream so far, in their order; fails on a gap. */
  pushedBodies(stream: TestStream): readonly string[] {
    const bodies: string[] = [];
    for (const { sid, records } of this.pushed) {
      if (hexOf(sid) !== hexOf(stream.sid)) continue;
      for (const record of records)
        bodies.push(record.kind === "record" ? hexOf(record.body.subarray(0, 8)) : "expired");
    }
    return bodies;
  }

  /** Resolves when something that came made the condition true. */
  until(condition: () => boolean, milliseconds = 5000): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("it did not happen in time")), milliseconds);
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#watchers.push(check);
      check();
    });
  }

  closed(): Promise<number> {
    return new Promise((resolve) => {
      if (this.socket.readyState === this.socket.CLOSED) resolve(1006);
      else this.socket.once("close", resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed();
  }
}

/** A body of one of the three sizes, told apart by its first bytes. */
export function body(size = 1024, seed: Uint8Array = randomBytes(8)): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(seed);
  return bytes;
}
