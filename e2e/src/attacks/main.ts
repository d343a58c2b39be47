import type { Verdict } from "./row.ts";
import { runFamilies } from "./run-families.ts";
import { runAttacks } from "./scoreboard.ts";

const [first, ...names] = process.argv.slice(2);
if (first === "--families") {
  await runFamilies(names);
  // Idle sockets of a stage that is left standing must not keep the process.
  process.exit(0);
}
if (names.length > 0 || (first !== undefined && first !== "--json")) {
  process.stderr.write("usage: npm run attacks -- [--json]\n");
  process.exit(2);
}
process.exit(await showScoreboard(first === "--json"));

/** @returns the exit status: 0 when every attack was refused and every control worked */
async function showScoreboard(json: boolean): Promise<number> {
  const started = performance.now();
  const verdicts = await runAttacks();
  const failed = verdicts.filter(({ refused, control }) => !refused || !control);
  process.stdout.write(
    json ? verdicts.map((verdict) => `${JSON.stringify(plain(verdict))}\n`).join("") : table(verdicts),
  );
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stderr.write(
    `${verdicts.length} attacks, ${verdicts.length - failed.length} refused with a working control, in ${seconds} s\n`,
  );
  for (const { id, why = "no reason given" } of failed) process.stderr.write(`${id}: ${why}\n`);
  return failed.length === 0 && verdicts.length > 0 ? 0 : 1;
}

function plain({ id, attack, seen_at, refused, control }: Verdict): Omit<Verdict, "why"> {
  return { id, attack, seen_at, refused, control };
}

function table(all: readonly Verdict[]): string {
  const lines = [
    ["id", "refused", "control", "seen at", "attack"],
    ...all.map(({ id, refused, control, seen_at, attack }) => [
      id,
      refused ? "yes" : "NO",
      control ? "ok" : "NOT OK",
      seen_at,
      attack,
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
