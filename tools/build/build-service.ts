import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import type { BuildOptions } from "esbuild";
import { build } from "esbuild";
import { findWhatOpens } from "./blindness.ts";
import { esmOptions } from "./esbuild-options.ts";
import { explainBuildError, sayNotThereYet } from "./explain-build.ts";
import { listThirdParties } from "./third-party.ts";
import type { Output } from "./write-outputs.ts";
import { writeOutputs } from "./write-outputs.ts";

const entry = "apps/service/src/main.ts";
const folder = "apps/service/dist";

export interface ServiceBundle {
  readonly outputs: readonly Output[];
  /** What the service could open with it; see `findWhatOpens`. */
  readonly problems: readonly string[];
}

/** Build apps/service/dist/service.mjs; nothing is written when it could open something. */
export async function buildService(root: string): Promise<readonly string[]> {
  if (!existsSync(join(root, entry))) return sayNotThereYet("the service", entry);
  try {
    const { outputs, problems } = await bundleService(root, { entryPoints: [entry] });
    if (problems.length === 0) await writeOutputs(join(root, folder), outputs);
    return problems;
  } catch (error) {
    return [explainBuildError("the service", error)];
  }
}

export async function bundleService(
  root: string,
  from: Pick<BuildOptions, "entryPoints" | "stdin">,
): Promise<ServiceBundle> {
  const { metafile, outputFiles } = await build({
    ...esmOptions(root),
    ...from,
    outfile: `${folder}/service.mjs`,
    // Native additions to ws that are never there.
    define: { "process.env.WS_NO_BUFFER_UTIL": '"1"', "process.env.WS_NO_UTF_8_VALIDATE": '"1"' },
  });
  const texts = outputFiles.filter((file) => file.path.endsWith(".mjs")).map((file) => file.text);
  return {
    outputs: [
      ...outputFiles.map((file) => ({ path: basename(file.path), contents: file.contents })),
      listThirdParties(root, metafile),
    ],
    problems: findWhatOpens(metafile, texts.join("\n")),
  };
}
