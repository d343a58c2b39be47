import { type SpawnOptions, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

// The real program as a child process, bundled from its sources the way the build does it: each start is then a fast one.

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly bytes: Buffer;
  readonly stderr: string;
}

export interface Run {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
}

const programFolder = mkdtempSync(join(tmpdir(), "bulla-cli-program-"));
export const bulla: readonly string[] = [process.execPath, await bundleProgram(programFolder)];

async function bundleProgram(outdir: string): Promise<string> {
  await build({
    entryPoints: [fileURLToPath(new URL("main.ts", import.meta.url))],
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: ["@bulla/source"],
    banner: {
      js: 'import { createRequire as bullaCreateRequire } from "node:module"; const require = bullaCreateRequire(import.meta.url);',
    },
    logLevel: "warning",
  });
  return join(outdir, "main.mjs");
}

/** A folder of its own for one test file; also where its devices would be. Disposing removes the program with it. */
export class Sandbox implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "bulla-cli-"));

  path(name: string): string {
    return join(this.folder, name);
  }

  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const { PATH = "" } = process.env;
    return { PATH, HOME: this.folder, XDG_CACHE_HOME: this.path(".cache"), BULLA_HOME: this.path(".home"), ...more };
  }

  spawn(args: readonly string[], options: SpawnOptions = {}): ReturnType<typeof spawn> {
    const [node = "", ...rest] = bulla;
    return spawn(node, [...rest, ...args], { cwd: this.folder, env: this.environment(), ...options });
  }

  async run(args: readonly string[], { cwd = this.folder, env = {}, input = "" }: Run = {}): Promise<Ended> {
    const child = this.spawn(args, { cwd, env: this.environment(env), stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout?.on("data", (piece: Buffer) => out.push(piece));
    child.stderr?.on("data", (piece: Buffer) => err.push(piece));
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    const bytes = Buffer.concat(out);
    return { code, bytes, stdout: bytes.toString(), stderr: Buffer.concat(err).toString() };
  }

  [Symbol.dispose](): void {
    for (const folder of [this.folder, programFolder]) rmSync(folder, { recursive: true, force: true });
  }
}

/** The last line of stdout, which holds the error with --json. */
export function errorOf({ stdout }: Ended): unknown {
  const value: unknown = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  return typeof value === "object" && value !== null && "error" in value ? value.error : undefined;
}

/** Whether a tool is there; where CI runs it has to be. */
export function isInstalled(tool: string, arg = "--version"): boolean {
  const found = spawnSync(tool, [arg], { stdio: "ignore" }).error === undefined;
  if (!found && process.env["CI"] === "true") throw new Error(`${tool} is not installed`);
  if (!found) process.stderr.write(`\nSKIPPED: ${tool} is not installed\n`);
  return found;
}

// Waits for each text and types the answer; prints all that the terminal showed.
const onTerminal = `
import json, os, pty, select, sys, time
steps, command = json.loads(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, at, end = b"", 0, time.time() + 30
while time.time() < end:
    ready, _, _ = select.select([fd], [], [], 0.1)
    if ready:
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    while steps and steps[0][0].encode() in seen[at:]:
        at = len(seen)
        os.write(fd, steps.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** Run a command on a terminal of its own. `steps`: what to wait for, what to type then. */
export function runOnTerminal(
  sandbox: Sandbox,
  command: readonly string[],
  steps: readonly (readonly [string, string])[],
): { readonly code: number | null; readonly shown: string } {
  const { status, stdout } = spawnSync("python3", ["-c", onTerminal, JSON.stringify(steps), ...command], {
    cwd: sandbox.folder,
    env: sandbox.environment(),
    encoding: "utf8",
  });
  return { code: status, shown: stdout };
}
