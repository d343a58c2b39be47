import type { BigIntStats } from "node:fs";
import { link, lstat, mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { numberedFolder, numberedName } from "../../../transfer-names/safe-path.ts";
import { writePrivateFile } from "../home/private-files.ts";
import { systemCode } from "./file-errors.ts";

/** The names around one placement; all but `out` lie in the work folder. */
export interface Placement {
  readonly out: string;
  readonly part: string;
  /** A second name of the placed file, by which a repeated placement recognises it. */
  readonly done: string;
  /** Where there are no hard links: says under which name an empty file of ours stands, or the placed file. */
  readonly claim: string;
}

export interface Placed {
  /** Names joined by `/`. */
  readonly relative: string;
  /** Folders in which a name was added. */
  readonly changedFolders: readonly string[];
}

/** Give a whole file a name below `out` that nobody has: a taken name gets a number, nothing is overwritten, and no link below `out` is walked through.
 *  Repeating it after a crash ends with one file under one name. A program that swaps a folder for a link between our look and our act is not caught: Node has no openat(2).
 *  @throws the system's error */
export async function placeFile(
  placement: Placement,
  safePath: string,
  claimed: (relative: string) => Promise<void>,
  hardLink: typeof link = link,
): Promise<Placed> {
  const names = safePath.split("/");
  const fileName = names.pop() ?? safePath;
  const { folder, changedFolders } = await makeFolders(placement.out, names);
  const part = await look(placement.part);
  const source = part === undefined ? placement.done : placement.part;
  const sourceStats = part ?? (await look(placement.done));
  const earlier = await readClaim(placement.claim);
  if (sourceStats === undefined && earlier !== undefined) return { relative: earlier, changedFolders: [] };
  for (let number = 0; ; number++) {
    const relative = [...folder, numberedName(fileName, number)].join("/");
    const target = join(placement.out, relative);
    const found = await look(target);
    const placedBefore = found !== undefined && sourceStats !== undefined && isSameFile(found, sourceStats);
    const claimedBefore = found !== undefined && earlier === relative && found.isFile() && found.size === 0n;
    if (found !== undefined && !placedBefore && !claimedBefore) continue;
    await claimed(relative);
    if (claimedBefore && !placedBefore) await rename(source, target);
    else if (!placedBefore && !(await putInPlace({ placement, source, target, relative, hardLink }))) continue;
    if ((await look(placement.part)) !== undefined) await rename(placement.part, placement.done);
    return { relative, changedFolders: [...changedFolders, dirname(target)] };
  }
}

interface Move {
  readonly placement: Placement;
  readonly source: string;
  readonly target: string;
  readonly relative: string;
  readonly hardLink: typeof link;
}

/** @returns false when somebody took the name meanwhile */
async function putInPlace({ placement, source, target, relative, hardLink }: Move): Promise<boolean> {
  try {
    await hardLink(source, target);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    if (code === undefined || !withoutHardLinks.has(code)) throw error;
  }
  // An empty file that we were first to make holds the name; the claim comes after it, so only a file of ours is ever renamed over.
  try {
    await (await open(target, "wx")).close();
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
  await writePrivateFile(placement.claim, Buffer.from(relative));
  await rename(source, target);
  return true;
}

const withoutHardLinks: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

async function makeFolders(
  out: string,
  names: readonly string[],
): Promise<{ readonly folder: readonly string[]; readonly changedFolders: readonly string[] }> {
  const folder: string[] = [];
  const changedFolders: string[] = [];
  for (const name of names) {
    const parent = join(out, ...folder);
    for (let number = 0; ; number++) {
      const candidate = numberedFolder(name, number);
      const kind = await makeFolder(join(parent, candidate));
      if (kind === "taken") continue;
      if (kind === "made") changedFolders.push(parent);
      folder.push(candidate);
      break;
    }
  }
  return { folder, changedFolders };
}

/** A link counts as taken, wherever it points. */
async function makeFolder(path: string): Promise<"made" | "there" | "taken"> {
  try {
    await mkdir(path);
    return "made";
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  }
  return (await look(path))?.isDirectory() === true ? "there" : "taken";
}

async function look(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

function isSameFile(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

async function readClaim(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
