import type { BuildOptions } from "esbuild";

// Dependencies that are CommonJS ask for Node's own modules by require().
const requireForEsm =
  'import { createRequire as bullaCreateRequire } from "node:module"; const require = bullaCreateRequire(import.meta.url);';

interface InMemoryBuild extends BuildOptions {
  readonly write: false;
  readonly metafile: true;
}

export function commonOptions(root: string): InMemoryBuild {
  return {
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node24",
    conditions: ["@bulla/source"],
    sourcemap: "linked",
    sourcesContent: false,
    legalComments: "none",
    logLevel: "silent",
  };
}

export function esmOptions(root: string): InMemoryBuild {
  return { ...commonOptions(root), format: "esm", banner: { js: requireForEsm } };
}
