import type { Figure, Measured, Sample } from "../report/figures.ts";

/** Something that does the case's work once. */
export interface Contender {
  readonly name: string;
  run(): Promise<readonly Measured[]>;
}

/** Every contender once per round, each round beginning with another one, so that noise and order hit all of them. */
export async function interleave(
  contenders: readonly Contender[],
  amount: number,
  rounds: number,
  tell: (line: string) => void,
): Promise<readonly Figure[]> {
  const figures = new Map<string, { readonly of: Omit<Figure, "samples">; readonly samples: Sample[] }>();
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const contender = contenders[(i + round) % contenders.length];
      if (contender === undefined) continue;
      tell(`${amount}, round ${round + 1} of ${rounds}: ${contender.name}`);
      for (const { operation, contender: name, sample } of await contender.run()) {
        const key = `${operation}\n${name}`;
        const figure = figures.get(key) ?? { of: { operation, contender: name, amount }, samples: [] };
        figures.set(key, figure);
        figure.samples[round] = sample;
      }
    }
  }
  return [...figures.values()].map(({ of, samples }) => ({ ...of, samples }));
}
