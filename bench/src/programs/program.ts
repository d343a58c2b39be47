import { spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sample } from "../report/figures.ts";

export interface ProgramOptions {
  readonly cwd?: string;
  /** Beside PATH. Nothing else of the caller's environment reaches a program. */
  readonly env?: Readonly<Record<string, string>>;
  /** A file to read from. */
  readonly input?: string;
  /** A file to write to. */
  readonly output?: string;
}

/** Folders of programs, with those that a person's PATH may lack. */
const searchPath = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

export function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: searchPath, LC_ALL: "C", ...env };
}

/** Run a program to its end. GNU time starts it, waits for it and reads what the system counted for it (wait4).
 *  @throws Error when it does not end well */
export async function measure(command: readonly string[], options: ProgramOptions = {}): Promise<Sample> {
  const folder = mkdtempSync(join(tmpdir(), "bulla-time-"));
  const file = join(folder, "time");
  const input = options.input === undefined ? "ignore" : openSync(options.input, "r");
  const output = options.output === undefined ? "ignore" : openSync(options.output, "w", 0o600);
  try {
    const started = performance.now();
    const child = spawn("time", ["-q", "-f", "%U %S %M", "-o", file, "--", ...command], {
      cwd: options.cwd,
      env: environment(options.env),
      stdio: [input, output, "pipe"],
    });
    const said: Buffer[] = [];
    child.stderr?.on("data", (piece: Buffer) => said.push(piece));
    const { promise, resolve, reject } = Promise.withResolvers<number | null>();
    child.once("error", reject);
    child.once("exit", () => (ended = performance.now()));
    child.once("close", resolve);
    let ended = 0;
    const code = await promise;
    if (code !== 0)
      throw new Error(`${command[0] ?? ""} ended with ${code}: ${Buffer.concat(said).toString().slice(-2000)}`);
    return { seconds: (ended - started) / 1000, ...readUsage(readFileSync(file, "utf8")) };
  } finally {
    for (const fd of [input, output]) if (typeof fd === "number") closeSync(fd);
    rmSync(folder, { recursive: true, force: true });
  }
}

function readUsage(text: string): Pick<Sample, "cpuSeconds" | "peakBytes"> {
  const [user = Number.NaN, system = Number.NaN, kibibytes = Number.NaN] = text.trim().split(" ").map(Number);
  if (![user, system, kibibytes].every(Number.isFinite)) throw new Error(`time said something unexpected: ${text}`);
  return { cpuSeconds: user + system, peakBytes: kibibytes * 1024 };
}

/** Run a program whose time does not count. @returns its standard output @throws Error when it does not end well */
export function runQuietly(command: readonly string[], options: ProgramOptions = {}): string {
  const [program = "", ...args] = command;
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: options.cwd,
    env: environment(options.env),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with ${status}: ${stderr.slice(-2000)}`);
  return stdout;
}

/** Bring what others wrote to the disk, so that a measurement does not pay for it. */
export function settleDisk(): void {
  runQuietly(["sync"]);
}

/** One after the other, as one piece of work. */
export function together(...samples: readonly Sample[]): Sample {
  const sum = (pick: (sample: Sample) => number | undefined): number =>
    samples.reduce((total, sample) => total + (pick(sample) ?? 0), 0);
  return {
    seconds: sum(({ seconds }) => seconds),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    peakBytes: Math.max(...samples.map(({ peakBytes }) => peakBytes ?? 0)),
  };
}
