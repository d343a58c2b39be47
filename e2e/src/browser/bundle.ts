import { join, relative } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

export interface BundleOptions {
  /** What the code finds in `process.env`, which browsers do not have. */
  readonly env?: Readonly<Record<string, string>>;
  readonly plugins?: readonly Plugin[];
}

export interface Bundle {
  /** By path under the page's server; an entry is found under its own path, with `.js` instead of `.ts`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of each entry: the modules of Node that its code still imports after everything unused is gone, the entry included. */
  readonly nodeImports: ReadonlyMap<string, readonly string[]>;
}

export const root: string = join(import.meta.dirname, "../../..");

/** Bundle entries (paths from the project's root) for a browser. Packages are read from their sources, under the condition `browser`. */
export async function bundleForBrowser(entries: readonly string[], options: BundleOptions = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...entries],
    bundle: true,
    write: false,
    metafile: true,
    splitting: true,
    outdir: "bundle",
    outbase: ".",
    chunkNames: "chunks/[hash]",
    platform: "browser",
    target: "chrome138",
    format: "esm",
    conditions: ["@bulla/source", "browser", "module"],
    external: ["node:*"],
    define: { "process.env": JSON.stringify(options.env ?? {}) },
    logLevel: "silent",
    plugins: [...(options.plugins ?? [])],
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [relative(root, path), contents]));
  return { files, nodeImports: nodeImportsOf(metafile) };
}

function nodeImportsOf({ outputs }: Metafile): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint !== undefined) found.set(entryPoint, [...nodeImportsFrom(outputs, path)].toSorted());
  }
  return found;
}

function nodeImportsFrom(outputs: Metafile["outputs"], path: string, seen: Set<string> = new Set()): Set<string> {
  const found = new Set<string>();
  if (seen.has(path)) return found;
  seen.add(path);
  for (const one of outputs[path]?.imports ?? []) {
    // A library may offer to load Node's module where there is one.
    if (one.external === true && one.kind === "import-statement") found.add(one.path);
    else if (one.external !== true) for (const deeper of nodeImportsFrom(outputs, one.path, seen)) found.add(deeper);
  }
  return found;
}
