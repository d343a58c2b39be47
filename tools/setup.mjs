// Runs before every npm script, on whatever Node the machine has (20 or newer), with Node's own modules only:
// installs what package-lock.json names if that is not there yet, then builds what changed (not with --no-build).
import { spawnSync } from "node:child_process";
import { takeLock } from "./lock.mjs";
import { isInstalled, linkProjectNode, projectNode, root, stampInstalled, stop } from "./project.mjs";

if (!isInstalled()) install();
ensureNode();
if (!process.argv.includes("--no-build")) build();

function install() {
  const release = takeLock("setup", "another command is installing, waiting");
  try {
    if (isInstalled()) return;
    process.stderr.write("bulla: installing what package-lock.json names (first run, or the lock file changed)\n");
    // No package here needs an install script, so none gets to run. What the shell or npm's settings leave out is asked for by name.
    npm("ci", "--ignore-scripts", "--include=dev", "--include=optional", "--no-fund", "--no-audit", "--loglevel=error");
    ensureNode();
    stampInstalled();
  } finally {
    release();
  }
}

/** @param {string[]} args */
function npm(...args) {
  // npm_execpath is the npm that started us, so the same one is used whatever PATH says.
  const cli = process.env["npm_execpath"];
  const [command, first] = cli?.endsWith(".js") ? [process.execPath, [cli]] : ["npm", []];
  const { status, signal } = spawnSync(command, [...first, ...args], { cwd: root, stdio: ["inherit", 2, 2] });
  if (status !== 0)
    stop(
      `npm failed (${signal ?? `exit status ${status}`})`,
      "check the network and free disk space, then run this again",
    );
}

function ensureNode() {
  try {
    linkProjectNode();
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error), "install Node 24 or newer, then run this again");
  }
}

function build() {
  const { status } = spawnSync(projectNode, ["tools/prepare.mjs"], { cwd: root, stdio: ["inherit", 2, 2] });
  if (status !== 0) process.exit(1);
}
