import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { type Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { BullaError } from "@bulla/wire";
import type { TransportAnswer, TransportRequest } from "../../../ports.ts";
import { dropBuffer } from "../worker/drop-buffer.ts";
import type { Destination } from "./connect-policy.ts";
import { transportFailure, unreachable } from "./transport-failure.ts";

export interface ExchangeTimeouts {
  /** From asking for a connection to having it, encrypted. */
  readonly connectMilliseconds: number;
  /** Without a byte in either direction. */
  readonly idleMilliseconds: number;
  /** The whole exchange, against answers that drip. */
  readonly exchangeMilliseconds: number;
}

export interface ExchangeOptions {
  readonly agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly timeouts: ExchangeTimeouts;
}

/** One HTTP exchange. Redirects are answers like others. A connection that the service closed while it was idle is replaced once, if the request may be repeated.
 *  @throws BullaError transport/unreachable, transport/insecure, transport/refused-address, transport/bad-answer; or the signal's reason */
export async function exchange(
  destination: Destination,
  asked: TransportRequest,
  options: ExchangeOptions,
): Promise<TransportAnswer> {
  try {
    return await attempt(destination, asked, options);
  } catch (error) {
    if (!(error instanceof StaleSocket)) throw error;
    if (asked.method === "POST") throw transportFailure(error.cause);
    // After a restart of the service every kept connection is gone: only a new one can tell.
    return attempt(destination, asked, { ...options, agents: { http: false, https: false } });
  }
}

interface AttemptOptions {
  /** `false` opens a connection for this one request. */
  readonly agents: { readonly http: HttpAgent | false; readonly https: HttpsAgent | false };
  readonly timeouts: ExchangeTimeouts;
}

/** A kept-alive connection turned out to be gone before a byte of the answer came. */
class StaleSocket extends Error {}

function attempt(
  { url, lookup }: Destination,
  asked: TransportRequest,
  { agents, timeouts }: AttemptOptions,
): Promise<TransportAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = asked;
    if (signal?.aborted === true) return reject(signal.reason);
    const headers = {
      ...asked.headers,
      ...(asked.body === undefined ? {} : { "content-length": String(asked.body.length) }),
    };
    const common = { method: asked.method, headers, lookup };
    const request =
      url.protocol === "https:"
        ? httpsRequest(url, { ...common, agent: agents.https })
        : httpRequest(url, { ...common, agent: agents.http });
    let over = false;
    let answered = false;
    const finish = (settle: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(whole);
      signal?.removeEventListener("abort", aborted);
      settle();
    };
    const fail = (error: unknown): void => {
      finish(() => reject(error));
      request.destroy();
    };
    const aborted = (): void => fail(signal?.reason);
    const whole = setTimeout(() => fail(unreachable("service took too long to answer")), timeouts.exchangeMilliseconds);
    signal?.addEventListener("abort", aborted, { once: true });
    limitConnectTime(request, timeouts.connectMilliseconds, fail);
    request.setTimeout(timeouts.idleMilliseconds, () => fail(unreachable("service stopped answering")));
    request.on("error", (cause) =>
      fail(request.reusedSocket && !answered ? new StaleSocket("stale", { cause }) : transportFailure(cause)),
    );
    request.on("response", (response) => {
      answered = true;
      readBody(
        response,
        asked,
        () => over,
        (body) => finish(() => resolve({ status: response.statusCode ?? 0, headers: headersOf(response), body })),
        fail,
      );
    });
    request.end(asked.body);
  });
}

function limitConnectTime(request: ClientRequest, milliseconds: number, fail: (error: BullaError) => void): void {
  request.on("socket", (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => fail(unreachable("service cannot be reached in time")), milliseconds);
    const done = (): void => clearTimeout(timer);
    socket.once("encrypted" in socket ? "secureConnect" : "connect", done);
    socket.once("close", done);
  });
}

/** The limit is held while reading. A body of announced length is copied once, into its place. */
function readBody(
  response: IncomingMessage,
  { maxAnswerBytes: maxBytes, into }: Pick<TransportRequest, "maxAnswerBytes" | "into">,
  isOver: () => boolean,
  done: (body: Uint8Array) => void,
  fail: (error: BullaError) => void,
): void {
  const announced = Number(response.headers["content-length"] ?? 0);
  const tooLarge = (): void =>
    fail(new BullaError("transport/bad-answer", `answer of the service is above ${maxBytes} bytes`));
  if (announced > maxBytes) return tooLarge();
  let body: Uint8Array = into !== undefined && announced <= into.length ? into : Buffer.allocUnsafeSlow(announced);
  let length = 0;
  response.on("data", (part: Buffer) => {
    // A request that was given up may get more of its answer, and its memory may be in use again.
    if (isOver()) return;
    if (length + part.length > maxBytes) return tooLarge();
    if (length + part.length > body.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(maxBytes, Math.max(2 * body.length, length + part.length)));
      larger.set(body.subarray(0, length));
      body = larger;
    }
    body.set(part, length);
    length += part.length;
    process.nextTick(dropBuffer, part);
  });
  dropReads(response);
  response.on("end", () => done(new Uint8Array(body.buffer, body.byteOffset, length)));
  response.on("error", (cause) => fail(unreachable("connection was lost during the answer", cause)));
  response.on("aborted", () => fail(unreachable("connection was lost during the answer")));
}

/** What the socket read is of no use once all of it was taken from the response. Left to the garbage collector, every 25 MB of it call for a full collection,
 *  which takes longer than to receive them. */
function dropReads(response: IncomingMessage): void {
  const { socket } = response;
  const drop = (read: Buffer): void => {
    if (response.readableLength === 0) process.nextTick(dropBuffer, read);
  };
  socket.on("data", drop);
  const stop = (): void => void socket.removeListener("data", drop);
  for (const event of ["end", "error", "aborted", "close"]) response.once(event, stop);
}

function headersOf(response: IncomingMessage): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value]),
  );
}
