import { lstat, mkdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { BullaError, InternalError } from "@bulla/wire";
import type { Incoming } from "../../../ports.ts";
import { safeRelativePath } from "../../../transfer-names/safe-path.ts";
import { readError, systemCode, writeError } from "./file-errors.ts";
import { FolderSync } from "./folder-sync.ts";
import { makeFolders } from "./make-folders.ts";
import { PartFiles } from "./part-files.ts";
import { type Placement, placeFile } from "./place-file.ts";

/** The incoming side of the Files port: a hidden work folder inside the out folder, closed to other people. `transfer` is hex.
 *  @throws BullaError file/unwritable, file/no-space */
export async function openIncoming(folder: string, transfer: string): Promise<Incoming> {
  if (!/^[0-9a-f]{1,64}$/.test(transfer)) throw new InternalError("transfer is not named in hex");
  const out = resolve(folder);
  const work = join(out, `.bulla-incoming-${transfer}`);
  try {
    await makeFolders(out);
    await makeWorkFolder(work);
  } catch (error) {
    throw writeError(error);
  }
  return new NodeIncoming(out, work);
}

/** Linux takes memory for the cache in blocks as large as a write: small blocks are at hand, and large ones cost three times as much. */
const writeBytes = 512 * 1024;

class NodeIncoming implements Incoming {
  readonly #out: string;
  readonly #work: string;
  readonly #parts: PartFiles;
  readonly #folders = new FolderSync();

  constructor(out: string, work: string) {
    this.#out = out;
    this.#work = work;
    this.#parts = new PartFiles(work);
  }

  async sizeOf(index: number): Promise<number> {
    const { part, done } = this.#placementOf(index);
    return (await sizeAt(part)) ?? (await sizeAt(done)) ?? 0;
  }

  write(index: number, offset: number, bytes: Uint8Array): Promise<void> {
    return writing(() =>
      this.#parts.use(index, async (file, part) => {
        part.dirty = true;
        for (let written = 0; written < bytes.length; ) {
          const length = Math.min(writeBytes, bytes.length - written);
          const { bytesWritten } = await file.write(bytes, written, length, offset + written);
          written += bytesWritten;
        }
        part.early.wrote(file, bytes.length);
      }),
    );
  }

  async read(index: number, offset: number, length: number): Promise<Uint8Array> {
    try {
      return await this.#parts.use(index, async (file) => {
        const out = new Uint8Array(length);
        for (let filled = 0; filled < length; ) {
          const { bytesRead } = await file.read(out, filled, length - filled, offset + filled);
          if (bytesRead === 0)
            throw new BullaError(
              "file/unreadable",
              `kept bytes end at ${offset + filled}, expected ${offset + length} or more`,
            );
          filled += bytesRead;
        }
        return out;
      });
    } catch (error) {
      throw readError(error);
    }
  }

  sync(index: number): Promise<void> {
    return writing(() => this.#sync(index));
  }

  finish(index: number, wanted: string, claimed: (relative: string) => Promise<void>): Promise<string> {
    return writing(async () => {
      const placement = this.#placementOf(index);
      const placedBefore =
        (await sizeAt(placement.part)) === undefined &&
        ((await sizeAt(placement.done)) ?? (await sizeAt(placement.claim))) !== undefined;
      // Opening makes the file when nothing was ever written to it: it is an empty one then.
      if (!placedBefore) await this.#sync(index);
      await this.#parts.close(index);
      const { relative, changedFolders } = await placeFile(placement, safeRelativePath(wanted), claimed);
      await Promise.all([...new Set(changedFolders)].map((changed) => this.#folders.sync(changed)));
      return relative;
    });
  }

  discard(index: number): Promise<void> {
    return writing(async () => {
      await this.#parts.close(index);
      const { part, done, claim } = this.#placementOf(index);
      for (const path of [part, done, claim]) await rm(path, { force: true });
    });
  }

  clear(): Promise<void> {
    return writing(async () => {
      await this.#parts.closeAll();
      await rm(this.#work, { recursive: true, force: true });
    });
  }

  /** Closes what is open; the work folder stays, to go on later. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.closeAll();
  }

  #sync(index: number): Promise<void> {
    return this.#parts.use(index, async (file, part) => {
      if (!part.dirty) return;
      part.dirty = false;
      try {
        await part.early.settle();
        await file.datasync();
      } catch (error) {
        part.dirty = true;
        throw error;
      }
    });
  }

  #placementOf(index: number): Placement {
    return {
      out: this.#out,
      part: this.#parts.pathOf(index),
      done: join(this.#work, `${index}.done`),
      claim: join(this.#work, `${index}.name`),
    };
  }
}

/** A link or a file in the work folder's place was put there by somebody else. */
async function makeWorkFolder(work: string): Promise<void> {
  try {
    await mkdir(work, { mode: 0o700 });
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
    if (!(await lstat(work)).isDirectory()) {
      throw new BullaError("file/unwritable", "something else stands where the hidden work folder belongs", {
        hint: "remove it, or choose another folder",
      });
    }
  }
}

async function sizeAt(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw readError(error);
  }
}

async function writing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw writeError(error);
  }
}
