import { BullaError } from "@bulla/wire";

/** The system's name of the failure, such as ENOENT. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const codesAboutWriting: ReadonlySet<string> = new Set(
  "EACCES EPERM EROFS ENOENT ENOTDIR EISDIR ELOOP ENAMETOOLONG EEXIST ENOTEMPTY EIO EFBIG EMFILE ENFILE EBUSY ETXTBSY EXDEV EINVAL EILSEQ".split(
    " ",
  ),
);

/** A failure to write as one of ours; other errors come back unchanged. The cause is the system's code alone, because its message holds the file's name. */
export function writeError(error: unknown): unknown {
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new BullaError("file/no-space", "no space left to write to", {
      cause: code,
      hint: "free some space, then run this again: what was received is kept",
    });
  }
  if (code === undefined || !codesAboutWriting.has(code)) return error;
  return new BullaError("file/unwritable", `a file or folder cannot be written: ${code}`, {
    cause: code,
    hint: hintFor(code),
  });
}

/** A failure to read as one of ours; other errors come back unchanged. @param about the path, where a person named it */
export function readError(error: unknown, about?: string): unknown {
  const code = systemCode(error);
  if (code === "EISDIR")
    return new BullaError("file/is-directory", "a folder stands where a file was expected", { cause: code });
  if (code === undefined || error instanceof BullaError) return error;
  return new BullaError("file/unreadable", `a file or folder cannot be read: ${code}`, {
    cause: code,
    about,
    hint: code === "ENOENT" ? "check the name: nothing is there" : "check who may read it",
  });
}

function hintFor(code: string): string {
  if (code === "EROFS") return "the file system is read-only: choose another folder";
  if (code === "EACCES" || code === "EPERM") return "you may not write there: choose another folder";
  if (code === "EFBIG") return "the file system cannot hold files that large: choose another folder";
  return "choose another folder, then run this again";
}
