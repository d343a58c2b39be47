/** What came out of running a file of vectors. */
export interface VectorTally {
  readonly ran: number;
  /** Names of the cases whose outcome was not the official one. */
  readonly failed: readonly string[];
  /** Cases that the interface under test cannot express, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** One case: `check` says whether the outcome is the official one; throwing counts as failure. A case with `skip` is only counted. */
export interface VectorCase {
  readonly name: string;
  readonly skip?: string | undefined;
  readonly check: () => boolean | Promise<boolean>;
}

export async function tallyCases(cases: Iterable<VectorCase>): Promise<VectorTally> {
  const failed: string[] = [];
  const skipped: Record<string, number> = {};
  let ran = 0;
  for (const { name, skip, check } of cases) {
    if (skip !== undefined) {
      skipped[skip] = (skipped[skip] ?? 0) + 1;
      continue;
    }
    ran += 1;
    try {
      if (!(await check())) failed.push(name);
    } catch (error) {
      failed.push(`${name}: ${String(error)}`);
    }
  }
  return { ran, failed, skipped };
}

/** @throws Error when a case failed, when none ran, or when the skipped ones are not those expected */
export function checkTally(tally: VectorTally, expectedSkips: Readonly<Record<string, number>> = {}): void {
  if (tally.failed.length > 0)
    throw new Error(`${tally.failed.length} of ${tally.ran} vectors failed:\n${tally.failed.slice(0, 20).join("\n")}`);
  if (tally.ran === 0) throw new Error("no vector ran");
  const [actual, expected] = [tally.skipped, expectedSkips].map((skips) =>
    Object.entries(skips)
      .map(([reason, count]) => `${count} because ${reason}`)
      .toSorted((a, b) => (a < b ? -1 : 1))
      .join(", "),
  );
  if (actual !== expected) throw new Error(`skipped ${actual || "none"}, expected ${expected || "none"}`);
}
