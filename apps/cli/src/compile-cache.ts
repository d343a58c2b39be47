import { chmodSync, mkdirSync, statSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "./environment.ts";

/** Let Node keep what it compiles in a folder that only this person can write: compiled code is code. Without such a folder nothing is kept. */
export function keepCompiledCode(environment: Environment): void {
  try {
    const folder = compileCacheFolder(environment);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = statSync(folder);
    if (uid !== process.getuid?.()) return;
    if ((mode & 0o077) !== 0) chmodSync(folder, 0o700);
    enableCompileCache(folder);
  } catch {
    // It only makes the next start faster.
  }
}

function compileCacheFolder(environment: Environment): string {
  const cache = environment["XDG_CACHE_HOME"];
  return join(cache?.startsWith("/") === true ? cache : join(homedir(), ".cache"), "bulla", "compiled");
}
