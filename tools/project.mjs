// Where things are, for programs that may still run on the machine's own Node 20.
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The Node that everything of this project runs on. */
export const projectNode = join(root, "node_modules", ".bin", "node");
export const wantedNodeMajor = 24;
/** Scratch of the tools: locks and reports. Never committed. */
export const cacheFolder = join(root, ".cache");

const stampFile = join(root, "node_modules", ".bulla-installed");

/** @returns {boolean} whether node_modules is what package-lock.json asks for on this platform */
export function isInstalled() {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === wantedStamp();
}

export function stampInstalled() {
  writeFileSync(stampFile, wantedStamp());
}

function wantedStamp() {
  const lock = readFileSync(join(root, "package-lock.json"));
  return createHash("sha256").update(lock).update(`${process.platform} ${process.arch}`).digest("hex");
}

/** Point node_modules/.bin/node at the Node that was installed with the project (npm 10 leaves that link out), else at the
 *  running one if it is new enough.
 *  @throws Error when there is neither */
export function linkProjectNode() {
  const packaged = `node-${process.platform}-${process.arch}/bin/node`;
  if (existsSync(join(root, "node_modules", packaged))) pointLink(projectNode, `../${packaged}`);
  else if (currentNodeMajor() >= wantedNodeMajor) pointLink(projectNode, process.execPath);
  else if (!existsSync(projectNode))
    throw new Error(`no Node ${wantedNodeMajor} comes with the project for ${process.platform} ${process.arch}`);
}

export function currentNodeMajor() {
  return Number(process.versions.node.split(".")[0]);
}

/** @param {string} link @param {string} target */
function pointLink(link, target) {
  if (linkTarget(link) === target) return;
  mkdirSync(dirname(link), { recursive: true });
  const fresh = `${link}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(target, fresh);
  renameSync(fresh, link);
}

/** @param {string} link */
function linkTarget(link) {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

/** Print an error with what to do about it.
 *  @param {string} message @param {string} hint @returns {never} */
export function stop(message, hint) {
  process.stderr.write(`bulla: error: ${message}\nbulla: hint: ${hint}\n`);
  process.exit(1);
}
