import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hexOf, InternalError } from "@bulla/wire";
import { readError, systemCode, writeError } from "../files/file-errors.ts";
import type { Home } from "./home.ts";
import { type HeldLock, tryLock } from "./home-lock.ts";
import { makePrivateFolder, syncFolder } from "./private-files.ts";
import { openStream, sealStream } from "./spool-file.ts";

/** Input of unknown length, such as stdin, kept sealed on disk until it is sent: its length and hash are needed before its first byte goes out. */
export interface Spool {
  /** Take a stream to its end. Durable once this resolves. The file belongs to this process until it is disposed or the process dies.
   *  @throws BullaError file/no-space, file/unwritable; whatever the source throws. Nothing is left then. */
  take(source: AsyncIterable<Uint8Array>): Promise<SpooledFile>;
  /** Open a left one again, to go on with its transfer. @returns undefined when it is gone, not whole, or in use by another process */
  reopen(id: string): Promise<SpooledFile | undefined>;
  /** What no living process uses. */
  leftovers(): Promise<readonly LeftSpool[]>;
  /** Delete one that no living process uses; one that is gone already is fine. */
  remove(id: string): Promise<void>;
}

export interface SpooledFile extends AsyncDisposable {
  /** Hex. */
  readonly id: string;
  readonly size: number;
  /** Shorter than asked for only at the end. @throws BullaError store/corrupt */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Delete it: its content was sent. */
  remove(): Promise<void>;
}

export interface LeftSpool {
  readonly id: string;
  /** Whether its input was taken to the end. */
  readonly whole: boolean;
  /** Size of the sealed file. */
  readonly sealedBytes: number;
}

const whole = ".spool";
const partial = ".part";

export function createSpool(home: Pick<Home, "folder" | "storeKey" | "primitives">): Spool {
  const folder = join(home.folder, "spool");
  const pathOf = (id: string, ending: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id)) throw new InternalError("spool id is not 16 bytes of hex");
    return join(folder, id + ending);
  };
  const lockName = (id: string): string => `spool-${id}`;
  const removeFiles = async (id: string): Promise<void> => {
    await rm(pathOf(id, whole), { force: true });
    await rm(pathOf(id, partial), { force: true });
    // Nobody asks for this name again: ids are random.
    await rm(join(home.folder, "locks", `${lockName(id)}.lock`), { force: true });
  };

  /** The lock goes over to the spooled file. */
  const openWhole = async (id: string, lock: HeldLock): Promise<SpooledFile> => {
    const file = await open(pathOf(id, whole), "r");
    const close = async (): Promise<void> => {
      await file.close();
      await lock[Symbol.asyncDispose]();
    };
    try {
      const { size, read } = await openStream(file, id, home.storeKey, home.primitives);
      const remove = async (): Promise<void> => {
        await removeFiles(id);
        await close();
      };
      return { id, size, read, remove, [Symbol.asyncDispose]: close };
    } catch (error) {
      await file.close();
      throw error;
    }
  };
  const seal = async (id: string, source: AsyncIterable<Uint8Array>): Promise<void> => {
    await using file = await open(pathOf(id, partial), "wx", 0o600);
    await sealStream(file, id, source, home.storeKey, home.primitives);
    await file.sync();
    await rename(pathOf(id, partial), pathOf(id, whole));
    await syncFolder(folder);
  };

  return {
    async take(source) {
      const id = hexOf(home.primitives.random(16));
      await makePrivateFolder(folder);
      const lock = await tryLock(home, lockName(id));
      if (lock === undefined) throw new InternalError("a fresh spool is locked");
      try {
        await seal(id, source);
        return await openWhole(id, lock);
      } catch (error) {
        await removeFiles(id);
        await lock[Symbol.asyncDispose]();
        throw writeError(error);
      }
    },
    async reopen(id) {
      const lock = await tryLock(home, lockName(id));
      if (lock === undefined) return undefined;
      try {
        return await openWhole(id, lock);
      } catch (error) {
        await lock[Symbol.asyncDispose]();
        if (systemCode(error) === "ENOENT") return undefined;
        throw readError(error);
      }
    },
    async leftovers() {
      const found: LeftSpool[] = [];
      const names = await readdir(folder).catch(() => []);
      for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
        const match = /^([0-9a-f]{32})(\.spool|\.part)$/.exec(name);
        if (match?.[1] === undefined) continue;
        const id = match[1];
        const lock = await tryLock(home, lockName(id));
        if (lock === undefined) continue;
        const size = (await stat(join(folder, name)).catch(() => undefined))?.size;
        await lock[Symbol.asyncDispose]();
        if (size !== undefined) found.push({ id, whole: match[2] === whole, sealedBytes: size });
      }
      return found;
    },
    async remove(id) {
      const lock = await tryLock(home, lockName(id));
      if (lock === undefined) return;
      await removeFiles(id);
      await lock[Symbol.asyncDispose]();
    },
  };
}
