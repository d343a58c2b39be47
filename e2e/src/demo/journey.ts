import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ended, RunningProgram } from "../support/programs.ts";
import { type Device, requireCode } from "../support/workplace.ts";

export interface Journey {
  readonly ended: Ended;
  /** Share of the bytes that had arrived when the program was killed. */
  readonly killedAt: number;
  readonly milliseconds: number;
}

export interface Watched {
  readonly device: Device;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Bytes that have arrived so far. */
  readonly arrived: () => number;
  readonly total: number;
  readonly show: (done: number) => void;
}

/** Run a command, kill it with SIGKILL once `share` of the bytes arrived, and give the same command again until its end.
 *  @throws Error when it was over before it could be killed, or does not end well */
export async function runKilledOnce(watched: Watched, share: number): Promise<Journey> {
  const { device, args, cwd, arrived, total } = watched;
  const start = performance.now();
  const first = device.start(args, { cwd });
  await follow(watched, first, () => arrived() >= share * total);
  if (first.hasEnded) throw new Error(`bulla ${args[0]} ended before it could be killed: ${first.stderr}`);
  first.kill("SIGKILL");
  await first.ended;
  const killedAt = arrived() / total;
  const second = device.start(args, { cwd });
  await follow(watched, second, () => false);
  const ended = requireCode(await second.ended, 0, `bulla ${args[0]}, given again`);
  return { ended, killedAt, milliseconds: performance.now() - start };
}

async function follow({ arrived, show }: Watched, program: RunningProgram, isEnough: () => boolean): Promise<void> {
  while (!program.hasEnded && !isEnough()) {
    show(arrived());
    await sleep(15);
  }
}

/** Bytes below a folder that may be changing. */
export function bytesBelow(folder: string): number {
  if (!existsSync(folder)) return 0;
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.reduce((sum, name) => sum + sizeOf(join(folder, name)), 0);
}

/** A file under two names for a moment counts once. */
function sizeOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.isFile() === true ? stats.size / stats.nlink : 0;
}
