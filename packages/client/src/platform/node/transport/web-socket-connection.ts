import { BullaError } from "@bulla/wire";
import { WebSocket } from "ws";
import type { Connection } from "../../../ports.ts";
import type { Destination } from "./connect-policy.ts";
import { transportFailure, unreachable } from "./transport-failure.ts";

export interface WebSocketOptions {
  readonly connectMilliseconds: number;
  /** A ping after that time; the connection counts as lost when nothing has come by the next one. */
  readonly heartbeatMilliseconds: number;
  readonly maxFrameBytes: number;
}

/** Time for the service to answer a close, before the socket is cut. */
const closeMilliseconds = 200;

/** Open a WebSocket (RFC 6455) for binary frames: no compression, no redirects, frames limited while they are read. A text frame or a frame above the limit ends it.
 *  Not the platform's own WebSocket, because that takes frames of 128 MiB from anyone and cannot be pinned to an address that was checked.
 *  @throws BullaError transport/unreachable, transport/insecure, transport/refused-address, transport/bad-answer; or the signal's reason */
export function openWebSocket(
  { url, lookup }: Destination,
  options: WebSocketOptions,
  signal?: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const socket = new WebSocket(url, {
      lookup,
      perMessageDeflate: false,
      maxPayload: options.maxFrameBytes,
      handshakeTimeout: options.connectMilliseconds,
      followRedirects: false,
    });
    const fail = (error: unknown): void => {
      signal?.removeEventListener("abort", aborted);
      reject(error);
      socket.terminate();
    };
    const aborted = (): void => fail(signal?.reason);
    signal?.addEventListener("abort", aborted, { once: true });
    // Stays for the life of the socket: an error after opening ends it, and `closed` tells.
    socket.on("error", (cause) => fail(transportFailure(cause)));
    socket.once("unexpected-response", (_request, response) => fail(refusedUpgrade(response.statusCode ?? 0)));
    socket.once("open", () => {
      signal?.removeEventListener("abort", aborted);
      resolve(connectionOf(socket, options.heartbeatMilliseconds));
    });
  });
}

function connectionOf(socket: WebSocket, heartbeatMilliseconds: number): Connection {
  let handler: ((frame: Uint8Array) => void) | undefined;
  // Frames that come before somebody listens.
  const early: Uint8Array[] = [];
  socket.on("message", (data, isBinary) => {
    if (!isBinary || !(data instanceof Buffer)) return socket.terminate();
    const frame = new Uint8Array(data.buffer, data.byteOffset, data.length);
    if (handler === undefined) early.push(frame);
    else handler(frame);
  });
  const stopHeartbeat = heartbeat(socket, heartbeatMilliseconds);
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      stopHeartbeat();
      resolve();
    });
  });
  return {
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame, { binary: true });
    },
    onFrame: (next) => {
      handler = next;
      for (const frame of early.splice(0)) next(frame);
    },
    closed,
    close: () => {
      socket.close(1000);
      const cut = setTimeout(() => socket.terminate(), closeMilliseconds);
      socket.once("close", () => clearTimeout(cut));
    },
  };
}

function heartbeat(socket: WebSocket, milliseconds: number): () => void {
  let heard = true;
  const hear = (): void => {
    heard = true;
  };
  socket.on("message", hear);
  socket.on("pong", hear);
  socket.on("ping", hear);
  const timer = setInterval(() => {
    if (!heard) return socket.terminate();
    heard = false;
    socket.ping();
  }, milliseconds);
  return () => clearInterval(timer);
}

/** Overload passes; any other refusal of the upgrade means that this is no service of ours. */
function refusedUpgrade(status: number): BullaError {
  if (status === 429 || status >= 500) return unreachable("service does not take connections at the moment");
  return new BullaError("transport/bad-answer", "service does not answer as one", {
    hint: "check the address of the service",
  });
}
