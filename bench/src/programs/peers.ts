import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, runQuietly } from "./program.ts";

/** A program of somebody else that the bench compares with or works with. */
export interface Peer {
  readonly binary: string;
  readonly debianPackage: string;
}

export const peers = {
  time: { binary: "time", debianPackage: "time" },
  age: { binary: "age", debianPackage: "age" },
  gpg: { binary: "gpg", debianPackage: "gnupg" },
  openssl: { binary: "openssl", debianPackage: "openssl" },
  ssh: { binary: "scp", debianPackage: "openssh-client" },
  sshd: { binary: "sshd", debianPackage: "openssh-server" },
  tar: { binary: "tar", debianPackage: "tar" },
  rclone: { binary: "rclone", debianPackage: "rclone" },
  wormhole: { binary: "wormhole", debianPackage: "magic-wormhole" },
  twist: { binary: "twist3", debianPackage: "python3-magic-wormhole-mailbox-server" },
  redis: { binary: "redis-server", debianPackage: "redis-server" },
} as const satisfies Readonly<Record<string, Peer>>;

const installProgram = fileURLToPath(new URL("../../../tools/install-peers.ts", import.meta.url));

/** Bring the peers onto this machine, as far as that can be done: it works as root on Debian. */
export function installPeers(wanted: readonly Peer[], tell: (line: string) => void): void {
  const missing = wanted.filter((peer) => !isHere(peer));
  if (missing.length === 0) return;
  tell(`asking Debian for ${missing.map(({ debianPackage }) => debianPackage).join(", ")}`);
  runQuietly([process.execPath, installProgram, JSON.stringify(missing)]);
}

export function isHere({ binary }: Peer): boolean {
  return (environment()["PATH"] ?? "").split(delimiter).some((folder) => isExecutable(join(folder, binary)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
