import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

export interface Output {
  /** Path inside the output folder. */
  readonly path: string;
  readonly contents: Uint8Array;
}

const keepRetiredMilliseconds = 7 * 24 * 60 * 60 * 1000;
const listName = "outputs.json";

/** Put the outputs into the folder, each in one step, and only those that changed. What an earlier build left stays for a week:
 *  a program that is still running may yet load it. */
export async function writeOutputs(folder: string, outputs: readonly Output[]): Promise<void> {
  const before = await listOutputs(folder);
  for (const output of outputs) await replaceFile(join(folder, output.path), output.contents);
  const now = outputs.map((output) => output.path).toSorted();
  await replaceFile(join(folder, listName), new TextEncoder().encode(`${JSON.stringify(now)}\n`));
  await retire(folder, before, new Set([...now, listName]));
}

/** The files of the last build, without those that are kept only for programs still running. */
export async function listOutputs(folder: string): Promise<readonly string[]> {
  const file = join(folder, listName);
  if (!existsSync(file)) return [];
  const list: unknown = JSON.parse(await readFile(file, "utf8"));
  return Array.isArray(list) ? list.filter((path) => typeof path === "string") : [];
}

async function replaceFile(file: string, contents: Uint8Array): Promise<void> {
  if (existsSync(file) && Buffer.from(contents).equals(await readFile(file))) return;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, contents);
  await rename(draft, file);
}

async function retire(folder: string, before: readonly string[], current: ReadonlySet<string>): Promise<void> {
  const now = new Date();
  for (const path of before) {
    if (!current.has(path) && existsSync(join(folder, path))) await utimes(join(folder, path), now, now);
  }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name);
    if (!entry.isFile() || current.has(relative(folder, file)) || isTypes(folder, file)) continue;
    const { mtimeMs } = await stat(file);
    if (now.getTime() - mtimeMs > keepRetiredMilliseconds) await rm(file, { force: true });
  }
}

// The compiler keeps its declarations in the same folder.
function isTypes(folder: string, file: string): boolean {
  return relative(folder, file).startsWith("types/");
}
