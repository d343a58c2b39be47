import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { environment, type ProgramOptions } from "./program.ts";

/** A program that runs beside what is measured. */
export class Daemon implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #name: string;
  readonly #said: Buffer[] = [];
  readonly #ended: Promise<void>;
  #over = false;

  private constructor(command: readonly string[], options: ProgramOptions) {
    const [program = "", ...args] = command;
    this.#name = program;
    this.#child = spawn(program, args, {
      cwd: options.cwd,
      env: environment(options.env),
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (piece: Buffer) => this.#said.push(piece));
    this.#ended = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        resolve();
      };
      this.#child.once("error", over);
      this.#child.once("close", over);
    });
  }

  /** @param isReady looked at until it is true. @throws Error when the program ends before that, or after half a minute */
  static async start(
    command: readonly string[],
    isReady: (daemon: Daemon) => boolean | Promise<boolean>,
    options: ProgramOptions = {},
  ): Promise<Daemon> {
    const daemon = new Daemon(command, options);
    const deadline = performance.now() + 30_000;
    while (!(await isReady(daemon))) {
      if (daemon.#over || performance.now() > deadline) {
        await daemon[Symbol.asyncDispose]();
        throw new Error(`${daemon.#name} did not start: ${daemon.said.slice(-2000)}`);
      }
      await sleep(20);
    }
    return daemon;
  }

  /** Everything it said. */
  get said(): string {
    return Buffer.concat(this.#said).toString();
  }

  /** The most memory it has held since it started. */
  get peakBytes(): number {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1];
    if (line === undefined) throw new Error(`the memory of ${this.#name} cannot be read`);
    return Number(line) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#child.kill("SIGTERM");
    const patience = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.#ended;
    clearTimeout(patience);
  }
}

/** A port on loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port is free");
  return address.port;
}

/** Whether somebody takes connections there. */
export function listensOn(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
