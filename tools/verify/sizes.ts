import { stat } from "node:fs/promises";
import { join } from "node:path";
import { listOutputs } from "../build/write-outputs.ts";
import limits from "../limits.json" with { type: "json" };
import type { Check } from "./check.ts";
import { listFiles } from "./list-files.ts";

/** Source maps do not count: nobody loads them. */
export const bundleSizes: Check = {
  sentence: "the built programs keep to their sizes (tools/limits.json)",
  findProblems: async (root) => {
    const problems = Object.entries(limits.bundleBytes).map(async ([path, limitBytes]) => {
      return explainExcess(path, await builtBytes(root, path), limitBytes);
    });
    return (await Promise.all(problems)).flat();
  },
};

export const fileSizes: Check = {
  sentence: "no file of the repository is a lump (tools/limits.json)",
  findProblems: async (root) => {
    const problems = listFiles(root).map(async (path) => {
      return explainExcess(path, (await stat(join(root, path))).size, limits.fileBytes);
    });
    return (await Promise.all(problems)).flat();
  },
};

export function explainExcess(path: string, bytes: number, limitBytes: number): readonly string[] {
  return bytes > limitBytes ? [`${path} is ${bytes} bytes, limit is ${limitBytes}`] : [];
}

// A path is one file of an output folder, or the folder for all of them.
async function builtBytes(root: string, path: string): Promise<number> {
  const folder = path.endsWith("dist") ? path : path.slice(0, path.lastIndexOf("/"));
  const outputs = (await listOutputs(join(root, folder))).map((output) => `${folder}/${output}`);
  const counted = outputs.filter((output) => (path === folder || output === path) && !output.endsWith(".map"));
  const sizes = await Promise.all(counted.map(async (output) => (await stat(join(root, output))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
