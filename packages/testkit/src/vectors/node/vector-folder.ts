import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { VectorFolder } from "../vector-folder.ts";

/** The folder named by BULLA_VECTORS, by default `../shared/vectors` from the project's root.
 *  @throws Error when it is missing and CI=true, because a skipped vector must not look like a passed one there */
export function vectorFolder(): VectorFolder {
  const path = process.env["BULLA_VECTORS"] ?? resolve(projectRoot(import.meta.dirname), "../shared/vectors");
  if (existsSync(path)) return { kind: "found", path };
  const reason = "the folder of official test vectors is missing; name it in BULLA_VECTORS";
  if (process.env["CI"] === "true") throw new Error(reason);
  return { kind: "missing", reason };
}

/** One vector file. Its shape is taken on trust: the file is official and unedited.
 *  @throws Error when the file cannot be read */
export async function readVectors<Vectors>(folder: string, file: string): Promise<Vectors> {
  return JSON.parse(await readFile(join(folder, file), "utf8")) as Vectors;
}

function projectRoot(from: string): string {
  if (existsSync(join(from, "package-lock.json")) || dirname(from) === from) return from;
  return projectRoot(dirname(from));
}
