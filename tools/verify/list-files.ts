import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const neverCommitted = new Set([".git", ".cache", ".data", "dist", "node_modules"]);

/** The files of the repository that are, or could be, committed; paths from the root. Also works where there is no git. */
export function listFiles(root: string): readonly string[] {
  return listByGit(root) ?? listByWalking(root);
}

function listByGit(root: string): readonly string[] | undefined {
  if (!existsSync(join(root, ".git"))) return undefined;
  const args = ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) return undefined;
  return stdout.split("\0").filter((path) => path !== "" && existsSync(join(root, path)));
}

function listByWalking(root: string, folder = ""): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return neverCommitted.has(entry.name) ? [] : listByWalking(root, path);
    return entry.isFile() ? [path] : [];
  });
}
