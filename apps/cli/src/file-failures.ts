import { stat } from "node:fs/promises";
import { BullaError } from "@bulla/wire";

/** The system's name of a failure, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** A failure to read the file that `what` names, as one of ours; other errors come back unchanged. */
export function readFailure(error: unknown, what: string): unknown {
  const code = systemCode(error);
  if (error instanceof BullaError || code === undefined) return error;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new BullaError("file/unreadable", `${what} is not there`, { hint: "check the path" });
  if (code === "EISDIR") return folderFailure(what);
  return new BullaError("file/unreadable", `${what} cannot be read: ${code}`, { hint: "check who may read it" });
}

export function folderFailure(what: string): BullaError {
  return new BullaError("file/is-directory", `${what} is a folder`, { hint: "name a file" });
}

/** A failure to write, as one of ours; other errors come back unchanged. */
export function writeFailure(error: unknown): unknown {
  const code = systemCode(error);
  if (error instanceof BullaError || code === undefined) return error;
  if (code === "ENOSPC" || code === "EDQUOT") return new BullaError("file/no-space", "no space left to write to");
  if (code === "EEXIST")
    return new BullaError("file/exists", "there is something under that name already, and nothing is overwritten");
  if (code === "ENOENT" || code === "ENOTDIR")
    return new BullaError("file/unwritable", "the folder to write to is not there", {
      hint: "make it first, or choose another with -o",
    });
  return new BullaError("file/unwritable", `the file cannot be written: ${code}`, {
    hint: "choose another place with -o",
  });
}

/** Whether the path leads to a folder; false when there is nothing. */
export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
