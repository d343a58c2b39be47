import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bulla serve` to its end. */
export async function runProgram(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const child = start(words, environment);
  let [stdout, stderr] = ["", ""];
  child.stdout?.on("data", (piece) => (stdout += String(piece)));
  child.stderr?.on("data", (piece) => (stderr += String(piece)));
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, stdout, stderr };
}

export interface ServiceProcess {
  readonly url: string;
  readonly firstLine: string;
  kill(signal: NodeJS.Signals): Promise<Ended>;
}

/** Runs `bulla serve` as a process of its own, until it says where it listens. */
export async function startProcess(words: readonly string[]): Promise<ServiceProcess> {
  const child = start(words, {});
  let [stdout, stderr] = ["", ""];
  child.stderr?.on("data", (piece) => (stderr += String(piece)));
  if (child.stdout === null) throw new Error("no output");
  const lines = createInterface({ input: child.stdout });
  const [firstLine] = await once(lines, "line");
  lines.on("line", (line) => (stdout += `${line}\n`));
  const closed = once(child, "close");
  return {
    firstLine: String(firstLine),
    url: /http:\/\/localhost:\d+/.exec(String(firstLine))?.[0] ?? "",
    async kill(signal) {
      child.kill(signal);
      const [code] = await closed;
      return { code: typeof code === "number" ? code : null, stdout, stderr };
    },
  };
}

function start(words: readonly string[], environment: Readonly<Record<string, string>>): ChildProcess {
  return spawn(
    process.execPath,
    ["--conditions=@bulla/source", "--disable-warning=ExperimentalWarning", program, ...words],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
}
