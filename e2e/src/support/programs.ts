import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const givenProgram = process.env["BULLA_PROGRAM"];

/** The built command, as a person would run it. BULLA_PROGRAM names another, such as an installed one. */
const bullaProgram: string = givenProgram ?? fileURLToPath(new URL("../../../apps/cli/bin/bulla", import.meta.url));

const prepareProgram = fileURLToPath(new URL("../../../tools/prepare.mjs", import.meta.url));
let isBuilt = givenProgram !== undefined;

/** Build what changed, once per process, so that no test runs an older program than the sources say. */
export function buildPrograms(): void {
  if (isBuilt) return;
  const { status, stderr } = spawnSync(process.execPath, [prepareProgram], { encoding: "utf8" });
  if (status !== 0) throw new Error(`the programs do not build: ${stderr}`);
  isBuilt = true;
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of standard output. */
  readonly lines: readonly string[];
}

export interface RunOptions {
  /** Another command than the built one. */
  readonly program?: string | undefined;
  /** Told at once when it has written to standard output. */
  readonly onOutput?: () => void;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

/** A program that was started. */
export interface RunningProgram {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  readonly hasEnded: boolean;
  /** Lines of standard output so far; the last may be incomplete. */
  readonly lines: readonly string[];
  readonly stderr: string;
  kill(signal: NodeJS.Signals): void;
}

/** Run the `bulla` command; no variable of the caller's environment reaches it but PATH and those given. */
export function startBulla(args: readonly string[], options: RunOptions = {}): RunningProgram {
  const { program = bullaProgram, cwd, env = {}, input, onOutput } = options;
  const { PATH = "" } = process.env;
  const child = spawn(program, args, { cwd, env: { PATH, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  const running = watchProgram(child);
  if (onOutput !== undefined) child.stdout.on("data", onOutput);
  return running;
}

function watchProgram(child: ChildProcess): RunningProgram {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  let over = false;
  child.stdout?.on("data", (piece: Buffer) => out.push(piece));
  child.stderr?.on("data", (piece: Buffer) => err.push(piece));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      over = true;
      const stdout = textOf(out);
      resolve({ code, signal, stdout, stderr: textOf(err), lines: linesOf(stdout) });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    get hasEnded() {
      return over;
    },
    get lines() {
      return linesOf(textOf(out));
    },
    get stderr() {
      return textOf(err);
    },
    kill: (signal) => void child.kill(signal),
  };
}

function textOf(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString();
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "");
}
