import { type Figure, ours, type Target } from "./figures.ts";
import { findFigure, hasFigure, peakOf, ratioOf } from "./statistics.ts";

const megabyte = 1_000_000;

/** Ours takes at most as long as the peer, at the largest amount. Nothing is said when the peer is not on this machine. */
export function noSlowerThan(
  figures: readonly Figure[],
  operation: string,
  peer: string,
  sentence: string,
): readonly Target[] {
  if (!hasFigure(figures, operation, peer)) return [];
  const { amount } = findFigure(figures, { operation, contender: ours });
  const measured = ratioOf(
    findFigure(figures, { operation, contender: ours, amount }),
    findFigure(figures, { operation, contender: peer, amount }),
  );
  return [{ sentence, measured, bound: { kind: "atMost", value: 1 }, unit: "times" }];
}

/** No process of ours held more, at any amount. */
export function memoryBelow(peaks: readonly number[], megabytes: number, sentence: string): readonly Target[] {
  if (peaks.length === 0) return [];
  return [
    { sentence, measured: Math.max(...peaks) / megabyte, bound: { kind: "atMost", value: megabytes }, unit: "MB" },
  ];
}

/** Peaks of ours at every amount. */
export function ourPeaks(figures: readonly Figure[], operation: string): readonly number[] {
  return figures
    .filter((figure) => figure.operation === operation && figure.contender === ours)
    .map(peakOf)
    .filter((value) => value !== undefined);
}
