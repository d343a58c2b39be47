import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Check } from "./check.ts";
import { listFiles } from "./list-files.ts";

// In parts, or this file would find itself.
const registries = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["npm", "pkg", "github", "com"],
  ["registry", "npmmirror", "com"],
  ["registry", "npm", "taobao", "org"],
].map((labels) => labels.join("."));

export const noRegistryHosts: Check = {
  sentence: "no file names a package registry",
  findProblems: async (root) => {
    const wanted = [...registries, ...configuredRegistry()];
    const problems = listFiles(root).map(async (path) => {
      return findHostsIn(path, await readFile(join(root, path), "latin1"), wanted);
    });
    return (await Promise.all(problems)).flat();
  },
};

export function findHostsIn(path: string, text: string, hosts: readonly string[] = registries): readonly string[] {
  return hosts.filter((host) => text.includes(host)).map((host) => `${path} names ${host}`);
}

function configuredRegistry(): readonly string[] {
  const url = process.env["npm_config_registry"];
  return url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : [];
}
