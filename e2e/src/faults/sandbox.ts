import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
export function startInSandbox(
  program: string,
  args: readonly string[],
  stdio: "inherit" | "pipe" = "pipe",
): ChildProcess {
  return spawn("setpriv", [...sandbox, program, ...args], { stdio: ["ignore", stdio, "inherit"] });
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
