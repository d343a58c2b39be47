import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";
import type { LockFile } from "./lock-file.ts";
import { parseLockFile } from "./lock-file.ts";

const allowed = new Set(["MIT", "ISC", "0BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "OFL-1.1"]);
const allowedFor: Readonly<Record<string, readonly string[]>> = {
  openpgp: ["LGPL-3.0+", "LGPL-3.0-or-later", "LGPL-3.0-only"],
};

/** What ships is everything that is not for development only. */
export const licences: Check = {
  sentence: "everything that ships has a licence we may ship under",
  findProblems: async (root) =>
    findForeignLicences(parseLockFile(await readFile(join(root, "package-lock.json"), "utf8"))),
};

export function findForeignLicences(lock: LockFile): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([path, { dev, link }]) => path.includes("node_modules/") && dev !== true && link !== true)
    .filter(([path, { license }]) => !mayShip(nameOf(path), license))
    .map(([path, { license }]) => `${path} is under ${license ?? "no licence"}`);
}

// SPDX: of alternatives one must do, of a conjunction all.
function mayShip(name: string, licence = ""): boolean {
  const alternatives = licence.replaceAll(/[()]/g, "").split(/ OR /i);
  return alternatives.some((one) => one.split(/ AND /i).every((id) => isAllowed(name, id.trim())));
}

function isAllowed(name: string, id: string): boolean {
  return allowed.has(id) || (allowedFor[name]?.includes(id) ?? false);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}
