import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, link, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { BullaError } from "@bulla/wire";
import { systemCode, writeFailure } from "./file-failures.ts";
import { unlessAborted } from "./interruption.ts";

/** Write a file that appears under its name only when it is whole and on disk. What has the name already stays.
 *  On failure or abort nothing is left; what a killed run left is cleared by the next one for the same name.
 *  @throws BullaError file/exists, file/unwritable, file/no-space, the signal's reason; whatever `fill` throws */
export async function writeNewFile<T>(
  path: string,
  mode: number,
  signal: AbortSignal,
  fill: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const target = resolve(path);
  await assertFree(target);
  await clearLeftovers(target);
  const draft = join(dirname(target), `${draftPrefix(target)}${process.pid}-${randomBytes(4).toString("hex")}`);
  const file = await open(draft, "wx", mode).catch((error: unknown) => {
    throw writeFailure(error);
  });
  // Also when the process ends in the middle of something that cannot be stopped.
  const clear = (): void => rmSync(draft, { force: true });
  process.once("exit", clear);
  try {
    const result = await unlessAborted(signal, fill(file));
    await file.sync();
    await putInPlace(draft, target);
    await syncFolder(dirname(target));
    return result;
  } catch (error) {
    throw writeFailure(error);
  } finally {
    clear();
    process.removeListener("exit", clear);
    // Not awaited: work that was aborted may still hold it.
    file.close().catch(() => undefined);
  }
}

/** @throws BullaError file/exists */
export async function assertFree(path: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw writeFailure(error);
  });
  if (found !== undefined) throw alreadyThere();
}

function alreadyThere(): BullaError {
  return new BullaError("file/exists", "there is something under that name already, and nothing is overwritten");
}

async function putInPlace(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
    return;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") throw alreadyThere();
    if (code === undefined || !["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
  }
  // Without hard links: an empty file that we were first to make holds the name.
  await (await open(target, "wx")).close();
  await rename(draft, target);
}

/** Names of drafts are cut so that they fit beside a name of any length. */
function draftPrefix(target: string): string {
  return `.${Buffer.from(basename(target))
    .subarray(0, 200)
    .toString("utf8")
    .replace(/\ufffd+$/, "")}.bulla-`;
}

/** Remove drafts for this name whose process is gone. */
async function clearLeftovers(target: string): Promise<void> {
  const prefix = draftPrefix(target);
  const names = await readdir(dirname(target)).catch(() => []);
  for (const name of names) {
    const pid = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]{8}$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(target), name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  // File systems that cannot are taken at their word.
  await handle.sync().catch(() => undefined);
}
