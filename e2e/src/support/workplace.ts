import { createHash } from "node:crypto";
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildPrograms, type Ended, type RunningProgram, type RunOptions, startBulla } from "./programs.ts";
import { ServiceProcess, type ServiceProcessOptions } from "./service-process.ts";

/** A folder of its own with services and devices in it; all of it goes when it is disposed. */
export class Workplace implements AsyncDisposable {
  readonly folder: string;
  readonly #services: ServiceProcess[] = [];
  readonly #started: RunningProgram[] = [];

  constructor() {
    buildPrograms();
    this.folder = mkdtempSync(join(tmpdir(), "bulla-e2e-"));
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  async service(name = "service", options: ServiceProcessOptions = {}): Promise<ServiceProcess> {
    const service = await ServiceProcess.start(this.path(name), options);
    this.#services.push(service);
    return service;
  }

  /** Kill a service without a word and start it again on the same port. */
  async restart(
    service: ServiceProcess,
    options: Pick<ServiceProcessOptions, "env" | "domain"> = {},
  ): Promise<ServiceProcess> {
    const next = await service.restart(options);
    this.#services.push(next);
    return next;
  }

  /** A device that is not there before `init`. */
  device(name: string, env: Readonly<Record<string, string>> = {}): Device {
    return new Device(this, name, env);
  }

  /** A device with an account at the service. */
  async member(name: string, service: ServiceProcess, env: Readonly<Record<string, string>> = {}): Promise<Device> {
    const device = this.device(name, env);
    const { code, stderr } = await device.run(["init", name, "--service", service.url, "--json"]);
    if (code !== 0) throw new Error(`init failed with ${code}: ${stderr}`);
    return device;
  }

  start(args: readonly string[], options: RunOptions): RunningProgram {
    const program = startBulla(args, { cwd: this.folder, ...options });
    this.#started.push(program);
    return program;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const program of this.#started.filter(({ hasEnded }) => !hasEnded)) {
      program.kill("SIGKILL");
      await program.ended;
    }
    for (const service of this.#services) await service.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One home folder and the `bulla` commands that work in it. */
export class Device {
  readonly name: string;
  readonly home: string;
  /** Where `receive` puts files in these tests. */
  readonly out: string;
  readonly #place: Workplace;
  readonly #env: Readonly<Record<string, string>>;

  constructor(place: Workplace, name: string, env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.home = place.path(`home-${name}`);
    this.out = place.path(`out-${name}`);
    this.#place = place;
    this.#env = { HOME: place.folder, BULLA_HOME: this.home, XDG_CACHE_HOME: place.path("cache"), ...env };
  }

  start(args: readonly string[], { env = {}, ...rest }: RunOptions = {}): RunningProgram {
    return this.#place.start(args, { ...rest, env: { ...this.#env, ...env } });
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return this.start(args, options).ended;
  }

  /** Run a command that has to end well.
   *  @throws Error with its exit code and what it said */
  async succeed(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return requireCode(await this.run(args, options), 0, `bulla ${args[0] ?? ""}`);
  }
}

/** @throws Error with the exit code and what the program said */
export function requireCode(ended: Ended, code: number, what: string): Ended {
  if (ended.code === code) return ended;
  const { code: found, signal, stderr, lines } = ended;
  throw new Error(`${what} ended with ${found ?? signal}, expected ${code}: ${stderr}${lines.at(-1) ?? ""}`);
}

/** Hash of every file below a folder, by path relative to it; nothing when there is no folder. Hidden ones too. */
export async function hashTree(folder: string): Promise<ReadonlyMap<string, string>> {
  const hashes = new Map<string, string>();
  for (const path of listTree(folder)) hashes.set(path, await hashFile(join(folder, path)));
  return hashes;
}

/** Relative paths of all that is no folder, sorted. */
export function listTree(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => !statSync(join(folder, name)).isDirectory()).sort();
}

export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytesOf(piece));
  return hash.digest("hex");
}

function bytesOf(piece: unknown): Uint8Array {
  if (piece instanceof Uint8Array) return piece;
  throw new Error("a file is read in bytes");
}
