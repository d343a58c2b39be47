import { fileURLToPath } from "node:url";
import type { Sample } from "../report/figures.ts";
import type { Workplace } from "../run/workplace.ts";
import { Daemon } from "./daemon.ts";
import { measure, runQuietly } from "./program.ts";

const givenProgram = process.env["BULLA_PROGRAM"];

/** The built command, as a person runs it. BULLA_PROGRAM names another, such as an installed one. */
export const bullaProgram: string =
  givenProgram ?? fileURLToPath(new URL("../../../apps/cli/bin/bulla", import.meta.url));

const prepareProgram = fileURLToPath(new URL("../../../tools/prepare.mjs", import.meta.url));
let isBuilt = givenProgram !== undefined;

/** Build what changed, so that no older program is measured than the sources say. */
export function buildBulla(): void {
  if (isBuilt) return;
  runQuietly([process.execPath, prepareProgram]);
  isBuilt = true;
}

/** `bulla serve` as a process of its own. */
export class BullaService implements AsyncDisposable {
  readonly url: string;
  readonly #daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.url = urlIn(daemon);
  }

  static async start(folder: string): Promise<BullaService> {
    const command = [bullaProgram, "serve", "--data", folder, "--port", "0", "--json"];
    const env = { HOME: folder };
    return new BullaService(await Daemon.start(command, (daemon) => urlIn(daemon) !== "", { env }));
  }

  get peakBytes(): number {
    return this.#daemon.peakBytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
  }
}

function urlIn({ said }: Daemon): string {
  return /http:\/\/localhost:\d+(?=")/.exec(said)?.[0] ?? "";
}

/** One device with an account at a service. */
export class BullaDevice {
  readonly name: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #cwd: string;

  private constructor(place: Workplace, name: string) {
    this.name = name;
    this.#cwd = place.folder;
    this.#env = { HOME: place.folder, BULLA_HOME: place.path(`home-${name}`), XDG_CACHE_HOME: place.path("cache") };
  }

  static create(place: Workplace, name: string, service: BullaService): BullaDevice {
    const device = new BullaDevice(place, name);
    runQuietly([bullaProgram, "init", name, "--service", service.url], { env: device.#env, cwd: device.#cwd });
    return device;
  }

  run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Sample> {
    return measure([bullaProgram, ...args], { env: { ...this.#env, ...env }, cwd: this.#cwd });
  }
}
