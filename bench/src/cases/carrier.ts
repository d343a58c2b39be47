import { rmSync } from "node:fs";
import { runQuietly, settleDisk, together } from "../programs/program.ts";
import type { Measured, Sample } from "../report/figures.ts";
import type { Contender } from "../run/interleave.ts";
import type { Workplace } from "../run/workplace.ts";

/** Files on the way from one person to another over a server in between. */
export interface Load {
  /** A file or a folder. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** One way to bring files there. */
export interface Carrier {
  readonly name: string;
  /** Whether both copies are on the disk when it ends. */
  readonly syncs: boolean;
  /** Bring the load to `target`. */
  carry(load: Load, target: string): Promise<Carried>;
}

/** What was used: both ways apart, or only together when both sides work at once. */
export type Carried =
  | { readonly kind: "stored"; readonly up: Sample; readonly down: Sample; readonly serverCopy: string | null }
  | { readonly kind: "direct"; readonly both: Sample };

/** The carrier as a contender: what arrives is compared, then removed. */
export function carrying(carrier: Carrier, load: Load, place: Workplace): Contender {
  const { name, syncs } = carrier;
  return {
    name,
    run: async () => {
      const target = place.path("arrived");
      const carried = await carrier.carry(load, target);
      const last = syncs ? undefined : timedSync(load, target);
      runQuietly(load.isFolder ? ["diff", "-r", load.path, target] : ["cmp", load.path, target]);
      rmSync(target, { recursive: true });
      if (carried.kind === "stored" && carried.serverCopy !== null) rmSync(carried.serverCopy, { recursive: true });
      settleDisk();
      return measuredOf(name, carried, last);
    },
  };
}

function measuredOf(contender: string, carried: Carried, last: Sample | undefined): readonly Measured[] {
  const both = carried.kind === "direct" ? carried.both : together(carried.up, carried.down);
  return [
    ...(carried.kind === "direct"
      ? []
      : [
          { operation: "up", contender, sample: carried.up },
          { operation: "down", contender, sample: carried.down },
        ]),
    { operation: "up and down", contender, sample: both },
    ...(last === undefined
      ? []
      : [{ operation: "up and down", contender: `${contender}, then sync`, sample: together(both, last) }]),
  ];
}

/** Bring a copy to the disk, and say how long that took. */
export function timedSync({ isFolder }: Load, copy: string): Sample {
  const started = performance.now();
  runQuietly(isFolder ? ["sync", "-f", copy] : ["sync", copy]);
  return { seconds: (performance.now() - started) / 1000 };
}
