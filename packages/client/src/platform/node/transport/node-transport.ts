import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { limits } from "@bulla/wire";
import type { Connection, Transport, TransportAnswer, TransportRequest } from "../../../ports.ts";
import { type ConnectPolicy, checkDestination } from "./connect-policy.ts";
import { exchange } from "./http-exchange.ts";
import { openWebSocket } from "./web-socket-connection.ts";

export interface NodeTransportOptions {
  /** Default `own`. */
  readonly connectPolicy?: ConnectPolicy;
  /** To have a connection, encrypted. Default 10 seconds. */
  readonly connectMilliseconds?: number;
  /** Without a byte in either direction. Default 30 seconds. */
  readonly idleMilliseconds?: number;
  /** A whole HTTP exchange. Default 5 minutes. */
  readonly exchangeMilliseconds?: number;
  /** Between two looks whether a WebSocket is still alive. Default 25 seconds. */
  readonly heartbeatMilliseconds?: number;
}

/** HTTP and WebSockets on Node: connections are kept alive, redirects are not followed, answers and frames are limited while they are read.
 *  Aborting rejects with the signal's reason. Dispose closes the idle connections; WebSockets belong to who opened them. */
export class NodeTransport implements Transport, AsyncDisposable {
  readonly #policy: ConnectPolicy;
  readonly #timeouts: {
    readonly connectMilliseconds: number;
    readonly idleMilliseconds: number;
    readonly exchangeMilliseconds: number;
  };
  readonly #heartbeatMilliseconds: number;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };

  constructor(options: NodeTransportOptions = {}) {
    this.#policy = options.connectPolicy ?? "own";
    this.#timeouts = {
      connectMilliseconds: options.connectMilliseconds ?? 10_000,
      idleMilliseconds: options.idleMilliseconds ?? 30_000,
      exchangeMilliseconds: options.exchangeMilliseconds ?? 300_000,
    };
    this.#heartbeatMilliseconds = options.heartbeatMilliseconds ?? 25_000;
    const pool = { keepAlive: true, maxSockets: 16, maxFreeSockets: 8 } as const;
    this.#agents = { http: new HttpAgent(pool), https: new HttpsAgent(pool) };
  }

  async request(request: TransportRequest): Promise<TransportAnswer> {
    return exchange(checkDestination(this.#policy, "http", request.url), request, {
      agents: this.#agents,
      timeouts: this.#timeouts,
    });
  }

  async connect(url: string, signal?: AbortSignal): Promise<Connection> {
    const { connectMilliseconds } = this.#timeouts;
    const options = {
      connectMilliseconds,
      heartbeatMilliseconds: this.#heartbeatMilliseconds,
      maxFrameBytes: limits.maxFrameBytes,
    };
    return openWebSocket(checkDestination(this.#policy, "ws", url), options, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}
