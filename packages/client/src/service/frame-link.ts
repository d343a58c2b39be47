import { BullaError } from "@bulla/wire";
import { type AnswerFrame, decodeAnswer, encodeRequest, type Operation, type Result, routes } from "@bulla/wire/api";
import type { Clock, Connection, Transport } from "../ports.ts";
import { badAnswer } from "./service-refusal.ts";

export type Pushed = Extract<AnswerFrame, { readonly kind: "pushed" }>;
type Hello = Extract<AnswerFrame, { readonly kind: "hello" }>;

export interface FrameLinkOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Base URL of the service, http or https. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** From connected to greeted. */
  readonly helloMilliseconds: number;
}

/** One greeted connection: requests out, their results and pushed records in. Ends once, with a reason; what was not answered by then never is. */
export class FrameLink {
  /** What `attach` proofs of this connection sign. */
  readonly nonce: Uint8Array;
  /** Resolves to why the link ended: `transport/unreachable` when it was lost, `transport/bad-answer` when the service broke the protocol. */
  readonly ended: Promise<BullaError>;
  readonly #connection: Connection;
  readonly #results = new Map<number, (result: Result) => void>();
  #end: (reason: BullaError) => void = () => undefined;
  #nextId = 1;
  #isOver = false;
  #wasUseful = false;

  private constructor(connection: Connection, hello: Hello) {
    this.#connection = connection;
    this.nonce = hello.nonce;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    void connection.closed.then(() => this.end(lost()));
  }

  /** Connect and wait for the greeting. `onPushed` may throw to end the link as broken.
   *  @throws BullaError transport/*; or the signal's reason */
  static async open(options: FrameLinkOptions, onPushed: (pushed: Pushed) => void): Promise<FrameLink> {
    const target = `${options.url.replace(/^http/, "ws")}${routes.connect}`;
    const connection = await options.transport.connect(target, options.signal);
    let link: FrameLink | undefined;
    const greeted = Promise.withResolvers<Hello>();
    connection.onFrame((frame) => {
      try {
        const answer = decodeAnswer(frame);
        if (link !== undefined) link.#take(answer, onPushed);
        else if (answer.kind === "hello") {
          link = new FrameLink(connection, answer);
          greeted.resolve(answer);
        } else throw badAnswer("service does not greet");
      } catch (cause) {
        const error =
          cause instanceof BullaError && cause.code === "transport/bad-answer"
            ? cause
            : badAnswer("service sent something else than an answer", cause);
        greeted.reject(error);
        link?.end(error);
      }
    });
    void connection.closed.then(() => greeted.reject(lost()));
    const over = new AbortController();
    const onAbort = (): void => greeted.reject(options.signal.reason);
    options.signal.addEventListener("abort", onAbort, { once: true });
    options.clock.sleep(options.helloMilliseconds, over.signal).then(
      () => greeted.reject(lost()),
      () => undefined,
    );
    try {
      if (options.signal.aborted) onAbort();
      await greeted.promise;
      if (link === undefined) throw lost();
      return link;
    } catch (error) {
      connection.close();
      throw error;
    } finally {
      over.abort();
      options.signal.removeEventListener("abort", onAbort);
    }
  }

  /** Whether it answered anything. */
  get wasUseful(): boolean {
    return this.#wasUseful;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** `onResult` is called at most once, and not when the link ends before. It may throw to end the link as broken. */
  request(operation: Operation, onResult: (result: Result) => void): void {
    if (this.#isOver) return;
    const id = this.#nextId++;
    this.#results.set(id, onResult);
    this.#connection.send(encodeRequest({ id, operation }));
  }

  end(reason: BullaError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#results.clear();
    this.#connection.close();
    this.#end(reason);
  }

  /** Resolves when the socket is gone. */
  async close(): Promise<void> {
    this.end(lost());
    await this.#connection.closed;
  }

  #take(answer: AnswerFrame, onPushed: (pushed: Pushed) => void): void {
    if (this.#isOver) return;
    if (answer.kind === "hello") throw badAnswer("service greets twice");
    if (answer.kind === "pushed") return onPushed(answer);
    const onResult = this.#results.get(answer.id);
    if (onResult === undefined) throw badAnswer("service answered a request that was not made");
    this.#results.delete(answer.id);
    this.#wasUseful = true;
    onResult(answer.result);
  }
}

function lost(): BullaError {
  return new BullaError("transport/unreachable", "connection to the service was lost", {
    hint: "check the network, and that the service is running",
  });
}
