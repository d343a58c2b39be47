import { join } from "node:path";
import { type Ended, type RunningProgram, startBulla } from "./programs.ts";
import { waitUntil } from "./wait-until.ts";

export interface ServiceProcessOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly domain?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another command than the built `bulla`. */
  readonly program?: string;
}

/** `bulla serve` as a process of its own. */
export class ServiceProcess implements AsyncDisposable {
  readonly folder: string;
  readonly url: string;
  readonly pid: number;
  readonly #program: RunningProgram;

  private constructor(folder: string, url: string, program: RunningProgram) {
    this.folder = folder;
    this.url = url;
    this.pid = program.pid;
    this.#program = program;
  }

  /** Resolves once it listens. */
  static async start(folder: string, options: ServiceProcessOptions = {}): Promise<ServiceProcess> {
    const { port = 0, domain, env = {}, program: command } = options;
    const named = domain === undefined ? [] : ["--domain", domain];
    const args = ["serve", "--data", folder, "--port", String(port), "--json", ...named];
    const program = startBulla(args, {
      env: { HOME: folder, ...env },
      ...(command === undefined ? {} : { program: command }),
    });
    const line = await waitUntil("a listening service", () => {
      if (program.hasEnded) throw new Error(`the service ended: ${program.stderr}`);
      return program.lines[0]?.endsWith("}") === true && program.lines[0];
    });
    return new ServiceProcess(folder, /http:\/\/localhost:\d+/.exec(line)?.[0] ?? "", program);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** Everything it said on standard error. */
  get log(): string {
    return this.#program.stderr;
  }

  file(name: string): string {
    return join(this.folder, name);
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.#program.kill(signal);
    return this.#program.ended;
  }

  /** The same service again, on the port its handles name. */
  async restart(options: Pick<ServiceProcessOptions, "env" | "domain"> = {}): Promise<ServiceProcess> {
    await this.kill("SIGKILL");
    return ServiceProcess.start(this.folder, { ...options, port: this.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill("SIGKILL");
  }
}
