import type { BenchCase, Size } from "../cases/bench-case.ts";
import { buildBulla } from "../programs/bulla.ts";
import { installPeers, isHere, peers } from "../programs/peers.ts";
import { type CaseReport, type Figure, type Held, isMet, type Report } from "../report/figures.ts";
import { interleave } from "./interleave.ts";
import { describeMachine } from "./machine.ts";
import { profilingEnvironment, summariseProfiles } from "./profile.ts";
import { Workplace } from "./workplace.ts";

export interface RunOptions {
  readonly size: Size;
  /** Instead of the size's own number. */
  readonly rounds?: number | undefined;
  /** Where files lie while they are measured. */
  readonly folder: string;
  /** Run missed cases once more under the profiler. */
  readonly profile: boolean;
  /** Ask Debian for peers that are missing. Default: yes. */
  readonly install?: boolean;
  readonly tell: (line: string) => void;
}

/** Run the cases one after the other. Peers that are not here and cannot be installed are left out, and said so.
 *  @throws Error when the product itself, or GNU time, does not work */
export async function runCases(cases: readonly BenchCase[], options: RunOptions): Promise<Report> {
  const { size, folder, tell } = options;
  const wanted = [...new Set([peers.time, ...cases.flatMap((one) => one.peers)])];
  if (options.install !== false) installPeers(wanted, tell);
  for (const { binary, debianPackage } of wanted.filter((peer) => !isHere(peer)))
    tell(`skip: ${binary} is not here (Debian package ${debianPackage}), and what needs it is left out`);
  if (!isHere(peers.time)) throw new Error("GNU time is needed: Debian package time");
  buildBulla();
  const reports: CaseReport[] = [];
  for (const one of cases) reports.push(await runCase(one, options));
  return {
    version: 1,
    day: new Date().toISOString().slice(0, 10),
    size,
    machine: describeMachine(folder, wanted),
    cases: reports,
  };
}

async function runCase(
  one: BenchCase,
  { size, rounds: asked, folder, profile, tell }: RunOptions,
): Promise<CaseReport> {
  const { id, title, unit, plans } = one;
  await using place = new Workplace(folder);
  const open = await one.open(place);
  const figures: Figure[] = [];
  const held: Held[] = [];
  const { amounts, rounds: planned } = plans[size];
  const rounds = asked ?? planned;
  for (const amount of amounts) {
    figures.push(
      ...(await interleave(await open.contenders(amount), amount, rounds, (line) => tell(`${id}: ${line}`))),
    );
    held.push(...(open.closing?.(amount) ?? []));
  }
  const targets = one.targets(figures, held);
  const missing = one.peers
    .filter((peer) => !isHere(peer))
    .map(({ binary }) => `Left out: \`${binary}\` was not there.`);
  const report = { id, title, unit, figures, held, targets, notes: [...one.notes, ...missing], profile: [] };
  if (!profile || targets.every(isMet) || open.runOurs === undefined) return report;
  tell(`${id}: a target was missed, once more under the profiler`);
  const profiles = place.path("profiles");
  await open.runOurs(amounts.at(-1) ?? 1, profilingEnvironment(profiles));
  return { ...report, profile: summariseProfiles(profiles) };
}
