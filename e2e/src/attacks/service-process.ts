import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./variant.ts";

/** A service as an operator runs it: a process of its own. */
export class ServiceProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly url: string;
  readonly #output: string[];

  private constructor(child: ChildProcess, url: string, output: string[]) {
    this.#child = child;
    this.url = url;
    this.#output = output;
  }

  static async start(dataFolder: string): Promise<ServiceProcess> {
    const program = join(root, "apps/service/src/main.ts");
    const child = spawn(
      process.execPath,
      ["--conditions=@bulla/source", program, "serve", "--data", dataFolder, "--port", "0", "--json"],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const output: string[] = [];
    child.stderr.on("data", (text: Buffer) => output.push(text.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      output.push(line);
      const { url } = JSON.parse(line) as { readonly url: string };
      child.stdout.on("data", (text: Buffer) => output.push(text.toString()));
      return new ServiceProcess(child, url, output);
    }
    throw new Error(`the service did not start: ${output.join("")}`);
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error("the service has no process");
    return pid;
  }

  /** Everything it wrote. */
  get log(): string {
    return this.#output.join("\n");
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
