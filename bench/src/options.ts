import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { type Size, sizes } from "./cases/bench-case.ts";

export interface BenchOptions {
  /** Ids of cases; all when empty. */
  readonly only: readonly string[];
  readonly size: Size;
  /** Instead of the size's own number. */
  readonly rounds: number | undefined;
  readonly json: boolean;
  readonly profile: boolean;
  readonly page: boolean;
  readonly folder: string;
}

/** @throws Error in words for people */
export function parseOptions(args: readonly string[], cases: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true },
      size: { type: "string", default: "small" },
      rounds: { type: "string" },
      json: { type: "boolean", default: false },
      profile: { type: "boolean", default: false },
      page: { type: "boolean", default: false },
      folder: { type: "string", default: tmpdir() },
    },
  });
  const only = (values.only ?? []).flatMap((list) => list.split(","));
  const unknown = only.find((id) => !cases.includes(id));
  if (unknown !== undefined) throw new Error(`there is no case ${unknown}; there are ${cases.join(", ")}`);
  const size = sizes.find((name) => name === values.size);
  if (size === undefined) throw new Error(`there is no size ${values.size}; there are ${sizes.join(", ")}`);
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0)) throw new Error("--rounds wants a number");
  const { json, profile, page, folder } = values;
  return { only, size, rounds, json, profile, page, folder };
}
