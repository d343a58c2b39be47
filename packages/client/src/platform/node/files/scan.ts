import { type BigIntStats, constants } from "node:fs";
import { access, lstat, readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { limits, utf8 } from "@bulla/wire";
import type { Scan, ScannedFile } from "../../../ports.ts";
import { numberedName } from "../../../transfer-names/safe-path.ts";
import { readError } from "./file-errors.ts";

/** List what can be sent below the paths. A path that a person names is followed when it is a link; links below it are not. Names stay as they are on disk: no Unicode normalisation.
 *  A name that is not UTF-8, or a path longer than a manifest takes, cannot be sent as it is and is skipped as `unreadable`, like what may not be read; an unreadable path
 *  that was named directly throws. Empty folders do not travel and are skipped as `empty`, and neither does the folder of a device: it holds keys. The same file found twice under one path is listed once; another file with a taken path is numbered.
 *  @throws BullaError file/unreadable */
export async function scanPaths(paths: readonly string[]): Promise<Scan> {
  const files: ScannedFile[] = [];
  const skipped: Scan["skipped"][number][] = [];
  const found: Found = { files, skipped, taken: new Map() };
  for (const named of paths) {
    try {
      const source = resolve(named);
      // `.` and `..` have no name of their own before they are resolved; `/` has none at all.
      const name = basename(source);
      const stats = await stat(source, { bigint: true });
      if (stats.isFile() && (await isDeviceFolder(dirname(source)))) {
        skipped.push({ path: source, why: "device" });
        continue;
      }
      if (stats.isFile() || stats.isDirectory()) await access(source, constants.R_OK);
      await visit({ source, path: name, stats, found, named: true });
    } catch (error) {
      throw readError(error, named);
    }
  }
  return { files, skipped };
}

interface Found {
  readonly files: ScannedFile[];
  readonly skipped: Scan["skipped"][number][];
  /** Path as the recipient sees it → source. */
  readonly taken: Map<string, string>;
}

interface Visit {
  readonly source: string;
  readonly path: string;
  readonly stats: BigIntStats;
  readonly found: Found;
  readonly named: boolean;
}

async function visit({ source, path, stats, found, named }: Visit): Promise<void> {
  if (stats.isDirectory()) await walk(source, path, found, named);
  else if (stats.isSymbolicLink()) found.skipped.push({ path: source, why: "link" });
  else if (!stats.isFile()) found.skipped.push({ path: source, why: "special" });
  else if (utf8(path).length > limits.maxPathBytes || !(await isReadable(source)))
    found.skipped.push({ path: source, why: "unreadable" });
  else addFile(source, path, stats, found);
}

async function walk(folder: string, path: string, found: Found, named: boolean): Promise<void> {
  let names: Buffer[];
  try {
    names = await readdir(folder, { encoding: "buffer" });
  } catch (error) {
    if (named) throw error;
    found.skipped.push({ path: folder, why: "unreadable" });
    return;
  }
  if (await isDeviceFolder(folder)) {
    found.skipped.push({ path: folder, why: "device" });
    return;
  }
  if (names.length === 0) found.skipped.push({ path: folder, why: "empty" });
  for (const bytes of names.sort(Buffer.compare)) {
    const name = bytes.toString("utf8");
    const source = join(folder, name);
    const stats = Buffer.from(name).equals(bytes)
      ? await lstat(source, { bigint: true }).catch(() => undefined)
      : undefined;
    if (stats === undefined) found.skipped.push({ path: source, why: "unreadable" });
    else await visit({ source, path: path === "" ? name : `${path}/${name}`, stats, found, named: false });
  }
}

function addFile(source: string, wanted: string, stats: BigIntStats, { files, taken }: Found): void {
  const slash = wanted.lastIndexOf("/") + 1;
  let path = wanted;
  for (let number = 1; taken.has(path); number++) {
    if (taken.get(path) === source) return;
    path = wanted.slice(0, slash) + numberedName(wanted.slice(slash), number);
  }
  taken.set(path, source);
  files.push({ source, path, size: Number(stats.size), version: `${stats.mtimeNs}-${stats.dev}-${stats.ino}` });
}

/** Whether a folder holds a device's keys. Nobody means to send those. */
async function isDeviceFolder(folder: string): Promise<boolean> {
  const parts = await Promise.all(
    ["store.key", "store.db"].map((name) => lstat(join(folder, name)).catch(() => undefined)),
  );
  return parts.every((part) => part?.isFile() === true);
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
