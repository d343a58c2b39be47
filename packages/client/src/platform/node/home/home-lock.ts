import { chmodSync, closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { InternalError } from "@bulla/wire";
import { systemCode, writeError } from "../files/file-errors.ts";
import { retryWhileBusy } from "../store/retry-while-busy.ts";
import { isBusy, storeError } from "../store/sqlite-errors.ts";
import { makePrivateFolder } from "./private-files.ts";

/** A named lock that is held until disposed, or until its process dies however it dies. */
export type HeldLock = AsyncDisposable;

interface LockedHome {
  readonly folder: string;
}

/** Take a lock of this home if no process has it, this one included. Names are plain words and hex.
 *  @returns undefined when it is taken */
export async function tryLock(home: LockedHome, name: string): Promise<HeldLock | undefined> {
  return lockFile(await lockPath(home, name));
}

/** Wait for a lock of this home, asleep in between.
 *  @throws the signal's reason when aborted */
export async function acquireLock(home: LockedHome, name: string, signal?: AbortSignal): Promise<HeldLock> {
  const database = openLock(await lockPath(home, name));
  try {
    await retryWhileBusy(() => database.exec(takeIt), {
      limitMilliseconds: Number.POSITIVE_INFINITY,
      signal,
      giveUp: () => new InternalError("an endless wait ended"),
    });
    return held(database);
  } catch (error) {
    database.close();
    throw storeError(error);
  }
}

/** The same for any path: SQLite's exclusive lock on an empty file, which the system frees with the process. The file stays: removing it could give two holders two files. */
export async function lockFile(path: string): Promise<HeldLock | undefined> {
  const database = openLock(path);
  try {
    database.exec(takeIt);
    return held(database);
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw storeError(error);
  }
}

const takeIt = "BEGIN EXCLUSIVE";

function held(database: DatabaseSync): HeldLock {
  return {
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
    },
  };
}

async function lockPath({ folder }: LockedHome, name: string): Promise<string> {
  if (!/^[a-z0-9-]{1,128}$/.test(name)) throw new InternalError("lock name is not plain words and hex");
  const locks = join(folder, "locks");
  await makePrivateFolder(locks);
  return join(locks, `${name}.lock`);
}

function openLock(path: string): DatabaseSync {
  try {
    // Only ever opened here when new: closing any descriptor of a file drops all of this process's locks on it.
    closeSync(openSync(path, "wx", 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw writeError(error);
  }
  return new DatabaseSync(path);
}
