import { connect, createServer, type Server, type Socket } from "node:net";

/** Bytes pass as they are, in pieces as they come, until somebody wants them not to. */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Port of what is behind. */
  target = 0;
  /** Nobody is let through. */
  isDown = false;
  /** Told of each piece before it passes. When it answers with fewer bytes, only those pass, and every connection ends. */
  onPiece: ((from: "client" | "service", bytes: number) => number | undefined) | undefined;

  private constructor() {
    this.#server = createServer((near) => this.#join(near));
  }

  static async start(): Promise<TcpProxy> {
    const proxy = new TcpProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  /** End every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** What was written before still leaves. */
  #cutSoon(): void {
    for (const socket of this.#sockets) socket.destroySoon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #join(near: Socket): void {
    if (this.isDown) {
      near.destroy();
      return;
    }
    const far = connect(this.target, "127.0.0.1");
    this.#pass("client", near, far);
    this.#pass("service", far, near);
  }

  #pass(from: "client" | "service", source: Socket, target: Socket): void {
    this.#sockets.add(source);
    source.setNoDelay(true);
    source.on("data", (piece: Buffer) => {
      const passes = this.onPiece?.(from, piece.length) ?? piece.length;
      if (!target.destroyed) target.write(piece.subarray(0, passes));
      if (passes < piece.length) this.#cutSoon();
    });
    source.on("end", () => target.end());
    source.on("error", () => target.destroy());
    source.on("close", () => {
      this.#sockets.delete(source);
      target.destroy();
    });
  }
}
