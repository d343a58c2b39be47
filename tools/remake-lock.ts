// Remakes package-lock.json after a package.json changed: in an empty copy, because npm drops hashes where node_modules lies beside it.
import { spawnSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, stop } from "./project.mjs";
import type { LockedPackage, LockFile } from "./verify/lock-file.ts";
import { parseLockFile } from "./verify/lock-file.ts";

const copy = mkdtempSync(join(tmpdir(), "bulla-lock-"));
try {
  const manifests = globSync(["package.json", "{packages,apps,bridges}/*/package.json", "{e2e,bench}/package.json"], {
    cwd: root,
  });
  for (const file of [...manifests, ".npmrc", "package-lock.json"]) cpSync(join(root, file), join(copy, file));
  runNpm(copy);
  const remade = parseLockFile(readFileSync(join(copy, "package-lock.json"), "utf8"));
  const draft = join(root, "package-lock.json.new");
  writeFileSync(draft, `${JSON.stringify(nameWhatIsLeftOut(remade), null, 2)}\n`);
  renameSync(draft, join(root, "package-lock.json"));
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function runNpm(cwd: string): void {
  const cli = process.env["npm_execpath"] ?? stop("npm did not start this", "use npm run lock");
  const args = [
    cli,
    "install",
    "--package-lock-only",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
  ];
  // On this Node, because npm picks older versions of packages for an older one.
  const { status } = spawnSync(process.execPath, args, { cwd, stdio: "inherit" });
  if (status !== 0) stop("npm could not remake the lock file", "read what it says above");
}

// A registry may lack a tool's binary for some platform. npm 11 then calls its own lock file incomplete, so such a package is
// named as one for no platform at all: nothing without a hash is ever installed.
function nameWhatIsLeftOut(lock: LockFile): LockFile {
  const packages: Record<string, LockedPackage> = { ...lock.packages };
  for (const [path, parent] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (isLocked(packages, path, name)) continue;
      const dev = parent.dev === true ? { dev: true } : {};
      packages[`node_modules/${name}`] = { version, ...dev, optional: true, os: ["none"] };
    }
  }
  const sorted = Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

function isLocked(packages: Readonly<Record<string, LockedPackage>>, from: string, name: string): boolean {
  for (let folder = from; ; ) {
    if (`${folder}${folder === "" ? "" : "/"}node_modules/${name}` in packages) return true;
    if (folder === "") return false;
    folder = folder.slice(0, Math.max(folder.lastIndexOf("/node_modules/"), 0));
  }
}
