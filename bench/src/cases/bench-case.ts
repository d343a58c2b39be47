import type { Peer } from "../programs/peers.ts";
import type { Figure, Held, Target } from "../report/figures.ts";
import type { Contender } from "../run/interleave.ts";
import type { Workplace } from "../run/workplace.ts";

export const sizes = ["tiny", "small", "full"] as const;
export type Size = (typeof sizes)[number];

/** What is measured at each size: a few amounts, so that growth shows, and how often. */
export interface Plan {
  readonly amounts: readonly number[];
  readonly rounds: number;
}

export interface BenchCase {
  readonly id: string;
  readonly title: string;
  /** What an amount counts. */
  readonly unit: string;
  readonly plans: Readonly<Record<Size, Plan>>;
  /** Programs without which a contender is left out. */
  readonly peers: readonly Peer[];
  /** What a reader of the figures must know. */
  readonly notes: readonly string[];
  /** Start what the case needs. It is kept in the workplace. */
  open(place: Workplace): Promise<OpenCase>;
  targets(figures: readonly Figure[], held: readonly Held[]): readonly Target[];
}

export interface OpenCase {
  /** Those whose programs are here, ready for that amount. */
  contenders(amount: number): Promise<readonly Contender[]>;
  /** Run the product once, with these variables in its environment: profiles come out of it. */
  runOurs?(amount: number, env: Readonly<Record<string, string>>): Promise<void>;
  /** After all contenders ran: what only then can be read, such as a daemon's memory. */
  closing?(amount: number): readonly Held[];
}
