import { join } from "node:path";
import { runInSandbox } from "../sandbox.ts";
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
  const done: Cut[] = [];
  const words = [whose, String(cuts), seed, ...(program === undefined ? [] : [program])];
  await runInSandbox(join(import.meta.dirname, "inside.ts"), words, (line) => {
    const cut = line as Cut;
    done.push(cut);
    onCut(cut);
  });
  if (done.length !== cuts) throw new Error(`${done.length} of ${cuts} cuts were made`);
  return done;
}

/** Every different loss, with how often it was found. */
export function tallyLosses(cuts: readonly Cut[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const loss of cuts.flatMap(({ losses }) => losses)) counts.set(loss, (counts.get(loss) ?? 0) + 1);
  return [...counts].map(([loss, count]) => `${count} × ${loss}`);
}
