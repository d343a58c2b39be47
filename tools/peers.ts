import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { takeLock } from "./lock.mjs";

interface Installable {
  readonly binary: string;
  /** What has to be there is a module of Python. */
  readonly module?: string;
  readonly debianPackage: string;
}

/** A program of somebody else that tests talk to. */
export interface Peer extends Installable {
  readonly purpose: string;
}

export const peers: readonly Peer[] = [
  { binary: "age", debianPackage: "age", purpose: "files sealed by one open in the other" },
  { binary: "chromium", debianPackage: "chromium", purpose: "the packages do in a browser what they do on Node" },
  { binary: "python3", debianPackage: "python3", purpose: "a terminal at which passphrases are typed" },
  {
    binary: "python3",
    module: "cryptography",
    debianPackage: "python3-cryptography",
    purpose: "the protocol pages are precise enough for a second implementation",
  },
  { binary: "faketime", debianPackage: "faketime", purpose: "nothing is lost when a clock jumps" },
];

/** The peers that are not on this machine; as root on Debian, after installing them. */
export function findMissingPeers(): readonly Peer[] {
  return installMissingPeers(peers);
}

/** Install those that are missing, as root on Debian. @returns what is missing then */
export function installMissingPeers<T extends Installable>(wanted: readonly T[]): readonly T[] {
  const missing = wanted.filter(isMissing);
  if (missing.length === 0 || !canInstall()) return missing;
  const release = takeLock("peers", "another command is installing Debian packages, waiting");
  try {
    installPeers(missing.filter(isMissing));
  } finally {
    release();
  }
  return missing.filter(isMissing);
}

function isMissing({ binary, module }: Installable): boolean {
  // Another Python may stand before Debian's.
  if (module !== undefined)
    return !["/usr/bin/python3", binary].some(
      (python) => spawnSync(python, ["-c", `import ${module}`], { stdio: "ignore" }).status === 0,
    );
  // Daemons live where a person's PATH may not look.
  const folders = `${process.env["PATH"] ?? ""}${delimiter}/usr/sbin`;
  return !folders.split(delimiter).some((folder) => isExecutable(join(folder, binary)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function canInstall(): boolean {
  return process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get");
}

// One by one: a package that a release of Debian lacks does not keep the others out.
function installPeers(missing: readonly Installable[]): void {
  let isUpdated = false;
  for (const { debianPackage } of missing) {
    process.stderr.write(`bulla: installing the Debian package ${debianPackage}, which is needed here\n`);
    if (aptGet("install", "--no-install-recommends", debianPackage) || isUpdated) continue;
    // A machine that never asked for its package lists has none.
    isUpdated = aptGet("update");
    aptGet("install", "--no-install-recommends", debianPackage);
  }
}

function aptGet(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status } = spawnSync("apt-get", ["-qq", "-y", "-o", "DPkg::Lock::Timeout=300", ...args], {
    env,
    stdio: "ignore",
  });
  return status === 0;
}
