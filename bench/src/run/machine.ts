import { readFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";
import { isHere, type Peer, peers } from "../programs/peers.ts";
import { runQuietly } from "../programs/program.ts";
import type { Machine } from "../report/figures.ts";

/** What was measured on: its shape, never its name. */
export function describeMachine(folder: string, used: readonly Peer[]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "an unknown processor",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: `${type()} ${release().replace(/[-+].*$/, "")}, ${distribution()}`,
    node: process.versions.node,
    fileSystem: runQuietly(["stat", "-f", "-c", "%T", folder]).trim(),
    programs: versionQuestions.flatMap(({ peer, command, pattern }) => {
      if (!used.includes(peer) || !isHere(peer)) return [];
      const said = runQuietly(["sh", "-c", `${command} 2>&1`]);
      return [`${command.split(" ")[0] ?? ""} ${pattern.exec(said)?.[0] ?? "of an unknown version"}`];
    }),
  };
}

const number = /\d+\.\d+[\w.]*/;
const versionQuestions = [
  { peer: peers.age, command: "age --version", pattern: number },
  { peer: peers.gpg, command: "gpg --version", pattern: number },
  { peer: peers.openssl, command: "openssl version", pattern: number },
  { peer: peers.ssh, command: "ssh -V", pattern: /(?<=OpenSSH_)[\w.]+/ },
  { peer: peers.rclone, command: "rclone version", pattern: number },
  { peer: peers.wormhole, command: "wormhole --version", pattern: number },
  { peer: peers.redis, command: "redis-server --version", pattern: number },
] as const;

function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}
