import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What V8 writes with --cpu-prof, as far as it is read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Variables under which every Node process leaves a profile of each of its threads in the folder. */
export function profilingEnvironment(folder: string): Readonly<Record<string, string>> {
  mkdirSync(folder, { recursive: true });
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

const shown = 12;

/** Where the time went, thread by thread: the functions with the most time of their own. */
export function summariseProfiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".cpuprofile"))
    .sort()
    .map((name) => `Profile of one thread:\n\n${summarise(readProfile(join(folder, name)))}`);
}

function summarise({ nodes, samples, timeDeltas }: CpuProfile): string {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url } }) => [
      id,
      `${functionName || "(anonymous)"} ${fileOf(url)}`.trim(),
    ]),
  );
  const times = new Map<string, number>();
  samples.forEach((id, i) => {
    const name = names.get(id) ?? "unknown";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[i] ?? 0));
  });
  const total = [...times.values()].reduce((sum, time) => sum + time, 0);
  return [...times]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(
      ([name, time]) =>
        `- ${((100 * time) / total).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(0)} ms  \`${name}\``,
    )
    .join("\n");
}

function fileOf(url: string): string {
  return url.split("/").slice(-2).join("/");
}

function readProfile(path: string): CpuProfile {
  const value: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!isProfile(value)) throw new Error("a profile has another shape than expected");
  return value;
}

function isProfile(value: unknown): value is CpuProfile {
  return typeof value === "object" && value !== null && "nodes" in value && "samples" in value && "timeDeltas" in value;
}
