import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, parse, relative } from "node:path";
import type { Plugin } from "esbuild";
import { build } from "esbuild";
import { commonOptions, esmOptions } from "./esbuild-options.ts";
import { explainBuildError, sayNotThereYet } from "./explain-build.ts";
import { listThirdParties } from "./third-party.ts";
import type { Output } from "./write-outputs.ts";
import { writeOutputs } from "./write-outputs.ts";

const entry = "apps/cli/src/main.ts";
const lazyEntry = "apps/cli/src/commands.ts";
const workerFolder = "packages/client/src/platform/node/worker";
const folder = "apps/cli/dist";

/** Build the `bulla` command: a tiny dist/bulla.cjs that starts at once, what it loads when a command needs it, and
 *  dist/worker/NAME.mjs for each worker thread. */
export async function buildCli(root: string): Promise<readonly string[]> {
  if (!existsSync(join(root, entry))) return sayNotThereYet("the bulla command", entry);
  try {
    const lazy = await bundleLazyFiles(root);
    const main = await bundleEntry(root, lazy.commandsFile);
    await writeOutputs(join(root, folder), [...lazy.outputs, ...main]);
    return [];
  } catch (error) {
    return [explainBuildError("the bulla command", error)];
  }
}

interface LazyFiles {
  readonly outputs: readonly Output[];
  /** Name of the file that holds the commands; changes with its content, so an older entry keeps finding its own. */
  readonly commandsFile: string;
}

async function bundleLazyFiles(root: string): Promise<LazyFiles> {
  const entryPoints: Record<string, string> = { ...(await findWorkers(root)) };
  if (existsSync(join(root, lazyEntry))) entryPoints["commands"] = lazyEntry;
  else sayNotThereYet("what bulla does", lazyEntry);
  const { metafile, outputFiles } = await build({
    ...esmOptions(root),
    entryPoints,
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    splitting: true,
    chunkNames: "shared-[hash]",
    minifySyntax: true,
    minifyWhitespace: true,
  });
  const outputs = outputFiles.map((file) => ({
    path: relative(join(root, folder), file.path),
    contents: file.contents,
  }));
  return renameByContent([...outputs, listThirdParties(root, metafile)], "commands.mjs");
}

function renameByContent(outputs: readonly Output[], name: string): LazyFiles {
  const found = outputs.find((output) => output.path === name);
  if (found === undefined) return { outputs, commandsFile: name };
  const { name: stem, ext } = parse(name);
  const hash = createHash("sha256").update(found.contents).digest("hex").slice(0, 8);
  const commandsFile = `${stem}-${hash}${ext}`;
  const renamed = outputs.map((output) => (output === found ? { ...output, path: commandsFile } : output));
  return { outputs: renamed, commandsFile };
}

async function findWorkers(root: string): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(join(root, workerFolder))) return {};
  const names = await readdir(join(root, workerFolder));
  const entries = names.filter((name) => name.endsWith(".ts") && !/\.(test|fixture)\.ts$/.test(name));
  return Object.fromEntries(entries.map((name) => [`worker/${parse(name).name}`, `${workerFolder}/${name}`]));
}

async function bundleEntry(root: string, commandsFile: string): Promise<readonly Output[]> {
  const loadLazily: Plugin = {
    name: "load-lazily",
    setup(at) {
      at.onResolve({ filter: /^\.\/commands\.ts$/ }, () => ({ path: `./${commandsFile}`, external: true }));
    },
  };
  const { outputFiles } = await build({
    ...commonOptions(root),
    entryPoints: [entry],
    outfile: `${folder}/bulla.cjs`,
    format: "cjs",
    plugins: [loadLazily],
    minifySyntax: true,
    minifyWhitespace: true,
    define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  });
  return outputFiles.map((file) => ({ path: relative(join(root, folder), file.path), contents: file.contents }));
}
