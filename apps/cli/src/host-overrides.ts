import { readFile } from "node:fs/promises";
import { isHost } from "@bulla/wire";
import { usage } from "./command-line.ts";
import type { Environment } from "./environment.ts";
import { readFailure } from "./file-failures.ts";

/** Hosts whose service's URL is known without asking, from the JSON file {host: url} that BULLA_HOSTS names. For tests and closed networks.
 *  @throws BullaError file/unreadable, cli/usage */
export async function readHostOverrides(environment: Environment): Promise<ReadonlyMap<string, string>> {
  const path = environment["BULLA_HOSTS"];
  if (path === undefined || path === "") return new Map();
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw readFailure(error, "the file that BULLA_HOSTS names");
  });
  return new Map(Object.entries(objectOf(text)).map(([host, url]) => checked(host, url)));
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Answered below.
  }
  throw malformed();
}

function checked(host: string, url: unknown): readonly [string, string] {
  if (!isHost(host) || typeof url !== "string" || !URL.canParse(url)) throw malformed();
  return [host, url];
}

function malformed(): Error {
  return usage(
    "the file that BULLA_HOSTS names is not what it should be",
    'it holds JSON: {"host": "https://service.example"}',
  );
}
