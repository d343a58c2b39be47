// One at a time, between processes of one machine. A lock whose owner has died is taken over.
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "./project.mjs";

const pollMilliseconds = 200;

/** Wait for the lock of that name and hold it until the returned function is called.
 *  @param {string} name @param {string} whileWaiting told once on stderr @returns {() => void} */
export function takeLock(name, whileWaiting) {
  mkdirSync(cacheFolder, { recursive: true });
  const file = join(cacheFolder, `${name}.lock`);
  const mine = `${identity(process.pid)}`;
  for (let told = false; !create(file, mine); ) {
    const owner = read(file);
    if (owner === undefined) continue;
    if (!isAlive(owner)) {
      bury(file, owner);
      continue;
    }
    if (!told) process.stderr.write(`bulla: ${whileWaiting}\n`);
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pollMilliseconds);
  }
  return () => {
    if (read(file) === mine) rmSync(file, { force: true });
  };
}

// A link appears with its content in one step, so nobody ever reads half a lock.
/** @param {string} file @param {string} content */
function create(file, content) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content);
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
}

// Two may find the same dead owner: whoever moved a living lock away by mistake puts it back.
/** @param {string} file @param {string} deadOwner */
function bury(file, deadOwner) {
  const grave = `${file}.${process.pid}.dead`;
  try {
    renameSync(file, grave);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return;
  }
  const buried = read(grave);
  if (buried !== undefined && buried !== deadOwner) create(file, buried);
  rmSync(grave, { force: true });
}

/** @param {string} owner "pid" or "pid starttime" */
function isAlive(owner) {
  const now = identity(Number(owner.split(" ")[0]));
  return now !== undefined && (now === owner || !now.includes(" ") || !owner.includes(" "));
}

// The start time tells a process from a later one that got the same number. A zombie is dead.
/** @param {number} pid @returns {string | undefined} */
function identity(pid) {
  const stat = read(`/proc/${pid}/stat`);
  if (stat !== undefined) {
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : `${pid} ${fields[19]}`;
  }
  try {
    process.kill(pid, 0);
    return `${pid}`;
  } catch (error) {
    return codeOf(error) === "EPERM" ? `${pid}` : undefined;
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
