import type { Server } from "node:http";
import type { Duplex } from "node:stream";
import { limits } from "@bulla/wire";
import { routes } from "@bulla/wire/api";
import { WebSocketServer } from "ws";
import { Connection, type ConnectionParts } from "./connection.ts";

const beatMilliseconds = 30_000;
/** No request is longer than an append of the largest record. */
const maxRequestBytes = limits.maxRecordBytes + 1024;
// RFC 6455 §7.4.1.
const GOING_AWAY = 1001;

/** Turns upgrades of `/v1/connect` into connections. Any origin may connect, because a connection has no rights until it shows a capability. */
export class Gateway {
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxRequestBytes,
    perMessageDeflate: false,
    clientTracking: true,
  });
  readonly #connections = new Set<Connection>();
  readonly #beat: NodeJS.Timeout;

  constructor(server: Server, parts: ConnectionParts) {
    server.on("upgrade", (request, socket: Duplex, head) => {
      if (request.url !== routes.connect) {
        socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        const connection = new Connection(webSocket, parts);
        this.#connections.add(connection);
        webSocket.on("close", () => this.#connections.delete(connection));
      });
    });
    this.#beat = setInterval(() => {
      for (const connection of this.#connections) connection.beat();
    }, beatMilliseconds);
    this.#beat.unref();
  }

  /** Says goodbye to all; whoever does not leave within a second is dropped. */
  async close(): Promise<void> {
    clearInterval(this.#beat);
    for (const socket of this.#sockets.clients) socket.close(GOING_AWAY);
    const deadline = Date.now() + 1000;
    while (this.#sockets.clients.size > 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }
}
