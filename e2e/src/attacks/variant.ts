import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import type { Inside } from "./inside.ts";
import { removeAtEnd } from "./leftovers.ts";
import { permissive, type SwapName } from "./permissive.ts";
import type { Swap } from "./swap.ts";
import { swapping } from "./swapping.ts";

export const root: string = join(import.meta.dirname, "../../..");

// What attackers and victims are made of. Attackers also use what is behind the doors, because nobody can forbid them to.
const entry = `
export * as node from "@bulla/client/node";
export * as client from "@bulla/client";
export * as core from "@bulla/core";
export * as wire from "@bulla/wire";
export * as encoding from "@bulla/wire/encoding";
export * as identity from "@bulla/wire/identity";
export * as receipts from "@bulla/wire/receipt";
export * as content from "@bulla/content";
export { unwrapRecord, wrapRecord } from "./packages/core/src/space/outer-record.ts";
export { openAtPlace, sealAtPlace } from "./packages/core/src/space/record-seal.ts";
export { encodeIdentity } from "./packages/core/src/space/member-device.ts";
export { commitAttacks } from "./packages/core/src/space/testing/commit-attacks.fixture.ts";
export { stageCommit } from "./packages/core/src/space/testing/staged-commit.fixture.ts";
export { createService } from "@bulla/service";
`;

const made = new Map<string, Promise<Inside>>();

/** The product's code, built with these checks swapped for their permissive twins; without names, as it ships. Built once per process.
 *  Throws when the code to swap is not found exactly once: a control that swaps nothing proves nothing. */
export function product(...names: readonly SwapName[]): Promise<Inside> {
  const key = names.toSorted().join(" ");
  const known = made.get(key) ?? buildProduct(names.flatMap((name): readonly Swap[] => permissive[name]));
  made.set(key, known);
  return known;
}

/** As `product`, with swaps that nobody has named. */
export async function buildProduct(swaps: readonly Swap[]): Promise<Inside> {
  const folder = await buildSwapped(swaps, {
    product: "attacks:product",
    "worker/seal-worker": "packages/client/src/platform/node/worker/seal-worker.ts",
  });
  return (await import(pathToFileURL(join(folder, "product.mjs")).href)) as Inside;
}

/** Build files of the product with these checks swapped.
 *  @param entryPoints sources by the name of the file to build, without its `.mjs`
 *  @returns their folder, which goes when this process ends */
export async function buildSwapped(
  swaps: readonly Swap[],
  entryPoints: Readonly<Record<string, string>>,
): Promise<string> {
  // Beside the packages, because what is not ours is loaded from there and not built in.
  const parent = join(root, "e2e/dist/attacks");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "build-"));
  const twins = swapping(swaps);
  try {
    await build({
      absWorkingDir: root,
      entryPoints: { ...entryPoints },
      bundle: true,
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      platform: "node",
      target: "node24",
      format: "esm",
      conditions: ["@bulla/source"],
      logLevel: "silent",
      plugins: [entrance(swaps), twins.plugin],
    });
    twins.checkDone();
    return folder;
  } finally {
    removeAtEnd(folder);
  }
}

const entrance = (swaps: readonly Swap[]): Plugin => ({
  name: "entrance",
  setup(at) {
    // A library is built in only when one of its checks is swapped.
    const inside = swaps.some(({ file }) => file.startsWith("ts-mls/"))
      ? /^(@bulla\/|attacks:|packages\/|ts-mls)/
      : /^(@bulla\/|attacks:|packages\/)/;
    at.onResolve({ filter: /^attacks:product$/ }, ({ path }) => ({ path, namespace: "attacks" }));
    at.onLoad({ filter: /.*/, namespace: "attacks" }, () => ({ contents: entry, loader: "ts", resolveDir: root }));
    at.onResolve({ filter: /^[^./]/ }, ({ path }) => (inside.test(path) ? undefined : { path, external: true }));
  },
});
