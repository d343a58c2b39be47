import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { families } from "./families.ts";
import type { Verdict } from "./row.ts";
import { root } from "./variant.ts";

/** Processes that take about equally long. More than two cores, because much of the time goes to waiting for disks and sockets. */
const lanes: readonly (readonly string[])[] = [
  ["transfers", "home", "requests"],
  ["records", "service-rules", "floods"],
  ["commits"],
  ["keys", "seized", "gates"],
];

/** Run every attack. @returns the verdicts in the order of the families */
export async function runAttacks(): Promise<readonly Verdict[]> {
  const found = (await Promise.all(lanes.map(runLane))).flat();
  const all = families.flatMap(({ name }) => found.filter(({ family }) => family === name));
  for (const { name } of families)
    if (!all.some(({ family }) => family === name)) all.push(unfinished(name, "it did not begin"));
  if (new Set(all.map(({ id }) => id)).size !== all.length) throw new Error("two attacks have one id");
  return all;
}

type Found = Verdict & { readonly family: string };

async function runLane(names: readonly string[]): Promise<readonly Found[]> {
  const program = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--conditions=@bulla/source", program, "--families", ...names], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let errors = "";
  child.stderr.on("data", (text: Buffer) => {
    errors += text.toString();
  });
  const found: Found[] = [];
  for await (const line of createInterface({ input: child.stdout })) found.push(JSON.parse(line) as Found);
  if ((await ended) !== 0) found.push(unfinished(found.at(-1)?.family ?? names[0] ?? "", errors));
  return found;
}

/** A family that ends early shows on the scoreboard: what did not run was not refused. */
function unfinished(family: string, why: string): Found {
  return {
    family,
    id: `${family}/unfinished`,
    attack: "the rest of this family did not run",
    seen_at: "",
    refused: false,
    control: false,
    why,
  };
}
