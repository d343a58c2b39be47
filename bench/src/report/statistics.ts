import type { Figure, Sample } from "./figures.ts";

/** The middle value; of two middle ones their mean. @throws RangeError when there is none */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Between two values of the list in proportion. @throws RangeError when there is none */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError("no values");
  return below + (above - below) * (place - Math.floor(place));
}

export function secondsOf({ samples }: Pick<Figure, "samples">): readonly number[] {
  return samples.map(({ seconds }) => seconds);
}

/** The median of those samples that know it. */
export function medianOf(
  { samples }: Pick<Figure, "samples">,
  pick: (sample: Sample) => number | undefined,
): number | undefined {
  const known = samples.map(pick).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}

/** The highest peak of all rounds. */
export function peakOf({ samples }: Pick<Figure, "samples">): number | undefined {
  const known = samples.map(({ peakBytes }) => peakBytes).filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** How long `a` takes for each second of `b`: the median over the rounds, because both of a round had the same noise around them. */
export function ratioOf(a: Pick<Figure, "samples">, b: Pick<Figure, "samples">): number {
  const rounds = a.samples.flatMap(({ seconds }, round) => {
    const other = b.samples[round];
    return other === undefined ? [] : [seconds / other.seconds];
  });
  return median(rounds);
}

/** @throws Error when that was not measured: a table or target never shows a figure that no run gave */
export function findFigure(
  figures: readonly Figure[],
  wanted: Pick<Figure, "operation" | "contender"> & { readonly amount?: number },
): Figure {
  const found = figures
    .filter(({ operation, contender }) => operation === wanted.operation && contender === wanted.contender)
    .filter(({ amount }) => wanted.amount === undefined || amount === wanted.amount)
    .toSorted((a, b) => b.amount - a.amount)[0];
  if (found === undefined) throw new Error(`nothing was measured of ${wanted.contender}: ${wanted.operation}`);
  return found;
}

export function hasFigure(figures: readonly Figure[], operation: string, contender: string): boolean {
  return figures.some((figure) => figure.operation === operation && figure.contender === contender);
}
