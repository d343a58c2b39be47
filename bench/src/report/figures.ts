/** What one run of one program took. What a run cannot tell is left out, never guessed. */
export interface Sample {
  readonly seconds: number;
  /** Of the program and those it waited for. */
  readonly cpuSeconds?: number;
  /** The most memory that any one process of it held (its RSS high-water mark). */
  readonly peakBytes?: number;
}

/** A sample and what it is one of. A run may give several: with and without a sync, for example. */
export interface Measured {
  /** The same for all contenders that are compared: `seal`, `open`. */
  readonly operation: string;
  readonly contender: string;
  readonly sample: Sample;
}

/** All samples of one contender at one size. The n-th sample is from the n-th round. */
export interface Figure {
  readonly operation: string;
  readonly contender: string;
  /** In the case's unit. */
  readonly amount: number;
  readonly samples: readonly Sample[];
}

/** The most memory that a program beside the measured ones has held so far. */
export interface Held {
  readonly what: string;
  readonly amount: number;
  readonly peakBytes: number;
}

/** A promise about speed or memory, and what came of it in this run. */
export interface Target {
  readonly sentence: string;
  readonly measured: number;
  /** `atMost`: lower is better. */
  readonly bound: { readonly kind: "atMost" | "atLeast"; readonly value: number };
  readonly unit: "times" | "MB" | "%";
}

export interface CaseReport {
  readonly id: string;
  readonly title: string;
  /** What an amount counts. */
  readonly unit: string;
  readonly figures: readonly Figure[];
  readonly held: readonly Held[];
  readonly targets: readonly Target[];
  /** Peers that were left out and why, and what a reader must know. */
  readonly notes: readonly string[];
  /** Where the time goes in a missed case, when asked for. */
  readonly profile: readonly string[];
}

export interface Report {
  readonly version: 1;
  readonly day: string;
  readonly size: string;
  readonly machine: Machine;
  readonly cases: readonly CaseReport[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  readonly programs: readonly string[];
}

/** The product's name among the contenders. */
export const ours = "bulla";

export function isMet({ measured, bound }: Target): boolean {
  return bound.kind === "atMost" ? measured <= bound.value : measured >= bound.value;
}
