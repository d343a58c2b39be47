import { BullaError } from "@bulla/wire";
import { decodeAnswer, encodeRequest, type Operation, type Result, routes } from "@bulla/wire/api";

/** A bare WebSocket to a service: nothing is repeated and nothing is waited for but the answer, so an answer is exactly what the service acknowledged. */
export class FrameSocket {
  readonly nonce: Uint8Array;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(result: Result): void; reject(error: Error): void }>();
  #nextId = 1;

  static async open(url: string): Promise<FrameSocket> {
    const socket = new WebSocket(url.replace(/^http/, "ws") + routes.connect);
    socket.binaryType = "arraybuffer";
    const first = await new Promise<unknown>((resolve, reject) => {
      socket.addEventListener("message", ({ data }) => resolve(data), { once: true });
      socket.addEventListener("error", () => reject(new Error("the service does not take the connection")), {
        once: true,
      });
    });
    const hello = decodeAnswer(bytesOf(first));
    if (hello.kind !== "hello") throw new Error("the first frame is no hello");
    return new FrameSocket(socket, hello.nonce);
  }

  private constructor(socket: WebSocket, nonce: Uint8Array) {
    this.#socket = socket;
    this.nonce = nonce;
    socket.addEventListener("message", ({ data }) => this.#take(bytesOf(data)));
    socket.addEventListener("close", () => {
      for (const { reject } of this.#waiting.values()) reject(gone());
      this.#waiting.clear();
    });
  }

  /** @throws BullaError transport/unreachable – the connection ended before the answer */
  async ask(operation: Operation): Promise<Result> {
    if (this.#socket.readyState !== WebSocket.OPEN) throw gone();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(new Uint8Array(encodeRequest({ id, operation })));
    });
  }

  close(): void {
    this.#socket.close();
  }

  #take(frame: Uint8Array): void {
    const answer = decodeAnswer(frame);
    if (answer.kind !== "result") return;
    this.#waiting.get(answer.id)?.resolve(answer.result);
    this.#waiting.delete(answer.id);
  }
}

function gone(): BullaError {
  return new BullaError("transport/unreachable", "the connection has ended");
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  throw new Error("a frame is binary");
}
