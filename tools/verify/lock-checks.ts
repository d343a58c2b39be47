import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";
import { listFiles } from "./list-files.ts";
import type { LockedPackage, LockFile } from "./lock-file.ts";
import { parseLockFile } from "./lock-file.ts";

export const lockNamesNoHost: Check = {
  sentence: "the lock file names no host",
  findProblems: async (root) => findHosts(await readLock(root)),
};

export const lockPinsEveryPackage: Check = {
  sentence: "the lock file pins every package by hash",
  findProblems: async (root) => findUnpinned(await readLock(root)),
};

export const versionsAreExact: Check = {
  sentence: "every package.json asks for exact versions",
  findProblems: async (root) => {
    const manifests = listFiles(root).filter((path) => /(^|\/)package\.json$/.test(path));
    const problems = manifests.map(async (path) => {
      return findLooseVersions(JSON.parse(await readFile(join(root, path), "utf8"))).map(
        (loose) => `${path}: ${loose}`,
      );
    });
    return (await Promise.all(problems)).flat();
  },
};

export function findHosts(lock: LockFile): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([, { link, resolved }]) => link !== true && resolved !== undefined)
    .map(([path]) => `${path} names where it was fetched from (run npm run lock)`);
}

export function findUnpinned(lock: LockFile): readonly string[] {
  return Object.entries(lock.packages)
    .filter(([path, locked]) => path.includes("node_modules/") && !isPinned(locked))
    .map(([path]) => `${path} has no integrity hash (run npm run lock)`);
}

/** @param manifest a parsed package.json */
export function findLooseVersions(manifest: unknown): readonly string[] {
  return ["dependencies", "devDependencies", "optionalDependencies"]
    .flatMap((field) => Object.entries(fieldOf(manifest, field)))
    .filter(([, wanted]) => typeof wanted !== "string" || !exactVersion.test(wanted))
    .map(([name, wanted]) => `${name} is asked for as "${String(wanted)}"`);
}

const exactVersion = /^(npm:(@[\w.-]+\/)?[\w.-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/;

// `os: none` stands for a binary that no registry had when the lock file was made, and that npm therefore never installs.
function isPinned({ integrity, link, inBundle, os, optional }: LockedPackage): boolean {
  const isNeverInstalled = optional === true && os?.length === 1 && os[0] === "none";
  return integrity !== undefined || link === true || inBundle === true || isNeverInstalled;
}

function fieldOf(manifest: unknown, field: string): object {
  const value = Object.entries(manifest ?? {}).find(([name]) => name === field)?.[1] as unknown;
  return typeof value === "object" && value !== null ? value : {};
}

async function readLock(root: string): Promise<LockFile> {
  return parseLockFile(await readFile(join(root, "package-lock.json"), "utf8"));
}
