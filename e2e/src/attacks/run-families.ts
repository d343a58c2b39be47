import { families } from "./families.ts";
import { codeOf, type Outcome, type Row, type Verdict } from "./row.ts";

/** Families of attacks, one after the other: prints a line of JSON for each row. */
export async function runFamilies(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const family = families.find((candidate) => candidate.name === name);
    if (family === undefined) throw new Error("there is no such family of attacks");
    for (const row of await family.rows())
      process.stdout.write(`${JSON.stringify({ family: name, ...(await judge(row)) })}\n`);
  }
}

async function judge({ id, attack, seenAt, run }: Row): Promise<Verdict> {
  const outcome = await run().catch((error: unknown): Outcome => {
    const why = error instanceof Error ? (error.stack ?? error.message) : codeOf(error);
    return { refused: false, control: false, why: `did not run: ${why}` };
  });
  return { id, attack, seen_at: seenAt, ...outcome };
}
