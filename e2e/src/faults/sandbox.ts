import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildPrograms } from "../support/programs.ts";

// Namespaces of its own for mounts and processes: when the program in it ends, however it ends, the system stops
// everything that it started, takes the mounts away, and with them the loop devices, which were attached by mounting.
const sandbox = [
  "--pdeathsig",
  "KILL",
  "unshare",
  "--mount",
  "--propagation",
  "private",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
];

/** Start a program that may mount disks and leaves none behind. */
export function startInSandbox(program: string, args: readonly string[]): ChildProcess {
  return spawn("setpriv", [...sandbox, program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
}

/** Run one of our programs in a sandbox. Its first argument is a folder for disks, which goes at its end; each line that it says is JSON.
 *  @throws Error when it ends badly */
export async function runInSandbox(
  program: string,
  words: readonly string[],
  onLine: (line: unknown) => void,
): Promise<void> {
  buildPrograms();
  const folder = mkdtempSync(join(tmpdir(), "bulla-disks-"));
  try {
    const child = startInSandbox(process.execPath, ["--conditions=@bulla/source", program, folder, ...words]);
    if (child.stdout === null) throw new Error("the sandbox has no output");
    const ended = once(child, "close");
    for await (const line of createInterface({ input: child.stdout })) onLine(JSON.parse(line));
    const [code, signal] = (await ended) as [number | null, string | null];
    if (code !== 0) throw new Error(`the sandbox ended with ${code ?? signal}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Why no small disks can be had here, found out by trying; nothing when they can. */
export function whyNoDisks(): string | undefined {
  if (process.getuid?.() !== 0) return "only root may mount a small disk";
  const folder = mkdtempSync(join(tmpdir(), "bulla-disk-"));
  const attempt = `truncate -s 8M disk && mkfs.ext4 -q -F disk && mkdir at && mount -o loop disk at && losetup --direct-io=on "$(findmnt -no SOURCE at)"`;
  try {
    const args = [...sandbox, "sh", "-c", attempt];
    const { status, stderr, error } = spawnSync("setpriv", args, { cwd: folder, encoding: "utf8" });
    if (status === 0) return undefined;
    return `no small disk can be mounted here: ${(error?.message ?? stderr).trim().split("\n").at(-1) ?? "no reason given"}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
