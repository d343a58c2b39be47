// Builds what changed. `npm ci` and `npm install` run this last, on the machine's own Node or ours.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { currentNodeMajor, linkProjectNode, projectNode, root, stampInstalled, wantedNodeMajor } from "./project.mjs";

// npm also runs this where nothing, or only what ships, was installed.
if (!existsSync(join(root, "node_modules", "esbuild"))) process.exit(0);
linkProjectNode();
if (currentNodeMajor() < wantedNodeMajor) {
  const { status } = spawnSync(projectNode, process.argv.slice(1), { stdio: "inherit" });
  process.exit(status ?? 1);
}
const { buildAll } = await import("./build/build-all.ts");
const problems = await buildAll(root);
for (const problem of problems) process.stderr.write(`bulla: error: ${problem}\n`);
if (problems.length > 0) process.exit(1);
if (justInstalled()) stampInstalled();

function justInstalled() {
  const { npm_command: command, npm_config_package_lock_only: lockOnly } = process.env;
  return (command === "ci" || command === "install") && lockOnly !== "true";
}
