import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import type { Output } from "./write-outputs.ts";

/** THIRD-PARTY.txt: the licences of the packages that went into a bundle, as most of them ask for. */
export function listThirdParties(root: string, metafile: Metafile): Output {
  const folders = Object.keys(metafile.inputs)
    .map(packageFolder)
    .filter((folder) => folder !== undefined);
  const texts = [...new Set(folders)].toSorted().map((folder) => describe(root, folder));
  return { path: "THIRD-PARTY.txt", contents: new TextEncoder().encode(texts.join(`\n${"-".repeat(80)}\n`)) };
}

/** `node_modules/a/node_modules/@b/c/index.js` -> `node_modules/a/node_modules/@b/c` */
function packageFolder(input: string): string | undefined {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0];
}

function describe(root: string, folder: string): string {
  const names = globSync("{LICENSE,LICENCE,License,license,licence,COPYING}*", { cwd: join(root, folder) }).toSorted();
  const texts = names.map((name) => readFileSync(join(root, folder, name), "utf8"));
  return [folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length), ...texts].join("\n\n");
}
