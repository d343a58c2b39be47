import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestFrame } from "@bulla/wire/api";
import { WebSocket, WebSocketServer } from "ws";
import type { Lies, ProxiedAnswer, ProxiedRequest, Seen } from "./lies.ts";
import { lyingAnswer } from "./lying-answer.ts";
import { LyingFrames } from "./lying-frames.ts";

/** A service that lies: a proxy in front of a real one, on a port of its own, which changes what the real one says. Signed requests name the proxy's authority, so the real
 *  service is started with that as its domain. */
export class HostileProxy implements AsyncDisposable {
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #requests: ProxiedRequest[] = [];
  readonly #frames: RequestFrame[] = [];
  readonly seen: Seen = { requests: this.#requests, frames: this.#frames };
  /** How it lies from now on. Nothing: it is an honest proxy. */
  lies: Lies = {};
  /** Base URL of the real service. */
  target = "";

  /** Listens on a free port of this machine. */
  static async start(): Promise<HostileProxy> {
    const proxy = new HostileProxy();
    proxy.#server.on("upgrade", (request, socket, head) => proxy.#upgrade(request, socket, head));
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** Host and port, as in handles. */
  get authority(): string {
    return `localhost:${this.port}`;
  }

  get url(): string {
    return `http://${this.authority}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const request = await receive(message);
      this.#requests.push(request);
      const answer = this.lies.answer?.(request) ?? this.#lie(request, await forward(this.target, request));
      const body = answer.body ?? new Uint8Array();
      const headers = Object.entries(answer.headers ?? {}).filter(
        ([name]) => name !== "content-length" && name !== "transfer-encoding",
      );
      response
        .writeHead(answer.status, {
          ...Object.fromEntries(headers),
          ...(answer.status === 204 ? {} : { "content-length": String(body.length) }),
        })
        .end(body);
    } catch {
      response.writeHead(502).end();
    }
  }

  #lie({ method, path }: ProxiedRequest, answer: ProxiedAnswer): ProxiedAnswer {
    return answer.status !== 200 || answer.body === undefined
      ? answer
      : { ...answer, body: lyingAnswer(this.lies, method, path, answer.body) };
  }

  #upgrade(message: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets.handleUpgrade(message, socket, head, (near) => {
      const far = new WebSocket(`${this.target.replace(/^http/, "ws")}${message.url ?? ""}`, {
        headers: { host: this.authority },
      });
      const frames = new LyingFrames(() => this.lies);
      const opened = new Promise<void>((resolve) => far.once("open", () => resolve()));
      near.on("message", (data: Buffer) => {
        this.#frames.push(frames.note(new Uint8Array(data)));
        void opened.then(() => far.send(data));
      });
      far.on("message", (data: Buffer) => near.send(frames.change(new Uint8Array(data))));
      far.on("error", () => near.terminate());
      far.on("close", () => near.close());
      near.on("error", () => far.terminate());
      near.on("close", () => far.close());
    });
  }
}

async function receive(message: IncomingMessage): Promise<ProxiedRequest> {
  const { method = "GET", url = "/" } = message;
  return { method, path: url, headers: plainHeaders(message), body: await bodyOf(message) };
}

/** The request as it came, to the service behind. */
function forward(target: string, { method, path, headers, body }: ProxiedRequest): Promise<ProxiedAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      `${target}${path}`,
      { method, headers: { ...headers, connection: "close" } },
      (answer) => {
        bodyOf(answer).then(
          (bytes) => resolve({ status: answer.statusCode ?? 502, headers: plainHeaders(answer), body: bytes }),
          reject,
        );
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function plainHeaders({ headers }: IncomingMessage): Record<string, string> {
  const plain = Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as const] : [],
  );
  return Object.fromEntries(plain.filter(([name]) => name !== "connection" && name !== "keep-alive"));
}

async function bodyOf(message: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  for await (const piece of message) if (piece instanceof Buffer) pieces.push(piece);
  return new Uint8Array(Buffer.concat(pieces));
}
