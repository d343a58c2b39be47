import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildPrograms } from "../../support/programs.ts";
import { startInSandbox } from "../sandbox.ts";
import type { Cut } from "./cut.ts";
import type { Whose } from "./twins.ts";

export interface CutsWanted {
  readonly whose: Whose;
  readonly cuts: number;
  /** The same seed makes the same choices; what runs at the same time still takes turns as it likes. */
  readonly seed: string;
  /** What is cut off instead of the built program. */
  readonly program?: string;
}

/** Cut the power again and again and look at what is left. Needs what `whyNoDisks` asks for.
 *  @param onCut told of each as it comes
 *  @throws Error when a cut could not be made or looked at */
export async function runCuts(
  { whose, cuts, seed, program }: CutsWanted,
  onCut: (cut: Cut) => void = () => undefined,
): Promise<readonly Cut[]> {
  buildPrograms();
  const folder = mkdtempSync(join(tmpdir(), "bulla-power-cut-"));
  try {
    const words = [folder, whose, String(cuts), seed, ...(program === undefined ? [] : [program])];
    return await readCuts(words, cuts, onCut);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function readCuts(words: readonly string[], wanted: number, onCut: (cut: Cut) => void): Promise<readonly Cut[]> {
  const inside = join(import.meta.dirname, "inside.ts");
  const child = startInSandbox(process.execPath, ["--conditions=@bulla/source", inside, ...words]);
  if (child.stdout === null) throw new Error("the sandbox has no output");
  const ended = once(child, "close");
  const done: Cut[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    const cut = JSON.parse(line) as Cut;
    done.push(cut);
    onCut(cut);
  }
  const [code, signal] = (await ended) as [number | null, string | null];
  if (code !== 0 || done.length !== wanted)
    throw new Error(`${done.length} of ${wanted} cuts were made, and the sandbox ended with ${code ?? signal}`);
  return done;
}

/** Every different loss, with how often it was found. */
export function tallyLosses(cuts: readonly Cut[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const loss of cuts.flatMap(({ losses }) => losses)) counts.set(loss, (counts.get(loss) ?? 0) + 1);
  return [...counts].map(([loss, count]) => `${count} × ${loss}`);
}
