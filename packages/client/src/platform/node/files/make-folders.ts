import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "./file-errors.ts";

/** Make a folder and those above it that are missing. Unlike `mkdir` with `recursive`, it ends where a folder cannot be made at all: that one never returns below /proc.
 *  @throws what the system says */
export async function makeFolders(folder: string, mode = 0o777): Promise<void> {
  if (await isFolder(folder)) return;
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (systemCode(error) === "EEXIST" && (await isFolder(folder))) return;
    if (systemCode(error) !== "ENOENT" || dirname(folder) === folder || (await isFolder(dirname(folder)))) throw error;
    await makeFolders(dirname(folder), mode);
    await makeFolders(folder, mode);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
