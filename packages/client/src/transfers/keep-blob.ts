import type { FilePlace } from "@bulla/content";
import type { BlobRef, RunningHash } from "@bulla/core";
import { BullaError, equalBytes, isBullaError } from "@bulla/wire";
import type { Incoming } from "../ports.ts";
import { BlobFailure, type Fetching, fetchBlob } from "./fetch-blob.ts";
import { inLanes } from "./permits.ts";
import type { StoredFile } from "./stored.ts";

/** A file that is still to be kept. */
export interface FileToKeep extends FilePlace {
  readonly index: number;
  /** Verified before, and about to get its name. */
  readonly isClaimed: boolean;
}

export interface BlobToKeep {
  readonly ref: BlobRef;
  readonly files: readonly FileToKeep[];
}

export interface Keeping {
  readonly fetching: Fetching;
  readonly folder: Incoming;
  readonly onBytes: (count: number) => void;
  /** Durable when it resolves. */
  readonly note: (index: number, kind: StoredFile["kind"]) => Promise<void>;
  readonly kept: (file: FileToKeep, name: string) => void;
  readonly refused: (file: FileToKeep, error: BullaError) => void;
}

/** Fetch a blob and keep the files in it that are not kept yet. A file whose hash is wrong is refused alone; a blob that cannot be had or opened is refused with all its files.
 *  @throws BullaError transport/*, file/* */
export async function keepBlob(keeping: Keeping, { ref, files }: BlobToKeep, signal: AbortSignal): Promise<void> {
  const wanted: FileToKeep[] = [];
  for (const file of files) {
    // Somebody may have cleared the work folder meanwhile: what is not there whole is fetched again.
    if (file.isClaimed && (await keeping.folder.sizeOf(file.index)) === file.size)
      await (await place(keeping, file, signal)).noted;
    else wanted.push(file);
  }
  if (wanted.length === 0) return;
  const [only] = wanted;
  // Only a file that has a blob for itself goes on in its middle.
  const from = only !== undefined && only.size === ref.size ? await keptBytes(keeping.folder, only) : 0;
  const progress = new BlobProgress(keeping, wanted);
  try {
    const wrong = await progress.take(ref, from, signal);
    // Bytes from before a power cut may not be what was written: then all of it is fetched again.
    if (wrong.length > 0 && from > 0) {
      for (const { index } of wrong) await keeping.folder.discard(index);
      await keepBlob(keeping, { ref, files: wrong.map((file) => ({ ...file, isClaimed: false })) }, signal);
    } else
      for (const file of wrong)
        await giveUp(keeping, file, new BullaError("blob/refused", "a file is not what its sender said it is"), true);
  } catch (error) {
    if (!(error instanceof BlobFailure)) throw error;
    for (const file of progress.unfinished) await giveUp(keeping, file, error.error, error.isFinal);
  }
}

async function keptBytes(folder: Incoming, { index, size }: FileToKeep): Promise<number> {
  const kept = await folder.sizeOf(index);
  if (kept <= size) return kept;
  await folder.discard(index);
  return 0;
}

async function giveUp(
  { folder, note, refused }: Keeping,
  file: FileToKeep,
  error: BullaError,
  isFinal: boolean,
): Promise<void> {
  await folder.discard(file.index);
  if (isFinal) await note(file.index, isBullaError(error, "blob/expired") ? "expired" : "refused");
  refused(file, error);
}

/** Sync, name, remember. Repeating it after a crash ends with one file under one name.
 *  @returns once the file has its name; `noted` once that is remembered and told, so that the next file need not wait */
async function place(keeping: Keeping, file: FileToKeep, signal: AbortSignal): Promise<Placed> {
  signal.throwIfAborted();
  const { folder, note, kept } = keeping;
  try {
    const name = await folder.finish(file.index, file.path, () => note(file.index, "claimed"));
    const noted = note(file.index, "kept").then(() => kept(file, name));
    noted.catch(() => undefined);
    return { noted };
  } catch (error) {
    // One name that cannot be made here does not hold up the other files.
    if (!isBullaError(error, "file/unwritable")) throw error;
    await giveUp(keeping, file, error, false);
    return { noted: Promise.resolve() };
  }
}

interface Placed {
  readonly noted: Promise<void>;
}

/** The files of one blob, filled in their order from its plaintext. */
class BlobProgress {
  readonly #keeping: Keeping;
  readonly #files: readonly FileToKeep[];
  readonly #finished = new Set<FileToKeep>();
  #hash: RunningHash;
  /** The file that is being filled. */
  #at = 0;

  constructor(keeping: Keeping, files: readonly FileToKeep[]) {
    this.#keeping = keeping;
    this.#files = files;
    this.#hash = keeping.fetching.sealer.startHash();
  }

  get unfinished(): readonly FileToKeep[] {
    return this.#files.filter((file) => !this.#finished.has(file));
  }

  /** @returns the files whose hash is wrong; the others have their names
   *  @throws BlobFailure */
  async take(ref: BlobRef, from: number, signal: AbortSignal): Promise<readonly FileToKeep[]> {
    const whole: FileToKeep[] = [];
    const wrong: FileToKeep[] = [];
    const sort = (files: readonly { readonly file: FileToKeep; readonly isRight: boolean }[]): void => {
      for (const { file, isRight } of files) (isRight ? whole : wrong).push(file);
    };
    await this.#reread(from, signal);
    if (from > 0 && from === ref.size) sort(this.#closeUpTo(from));
    else {
      for await (const piece of fetchBlob(this.#keeping.fetching, ref, from, signal)) {
        using held = piece;
        sort(await this.#fill(held.offset, held.bytes, from));
      }
      sort(this.#closeUpTo(ref.size));
    }
    const notes: Promise<void>[] = [];
    try {
      await inLanes(placedAtOnce, whole, signal, async (file, stop) => {
        notes.push((await place(this.#keeping, file, stop)).noted);
        this.#finished.add(file);
      });
    } finally {
      // Also when it was stopped: what has its name is told.
      await Promise.all(notes);
    }
    return wrong;
  }

  async #reread(from: number, signal: AbortSignal): Promise<void> {
    const [file] = this.#files;
    for (let at = 0; file !== undefined && at < from; at += rereadBytes) {
      signal.throwIfAborted();
      const length = Math.min(rereadBytes, from - at);
      this.#hash.update(await this.#keeping.folder.read(file.index, at, length));
      this.#keeping.onBytes(length);
    }
  }

  /** Put a piece of the blob's plaintext where it belongs. */
  async #fill(offset: number, bytes: Uint8Array, from: number): Promise<readonly ClosedFile[]> {
    const closed: ClosedFile[] = [];
    const end = offset + bytes.length;
    for (let file = this.#files[this.#at]; file !== undefined && file.offset < end; file = this.#files[this.#at]) {
      const start = Math.max(offset, file.offset, from);
      const stop = Math.min(end, file.offset + file.size);
      if (stop > start) {
        const part = bytes.subarray(start - offset, stop - offset);
        this.#hash.update(part);
        await this.#keeping.folder.write(file.index, start - file.offset, part);
        this.#keeping.onBytes(part.length);
      }
      if (file.offset + file.size > end) break;
      closed.push(this.#close(file));
    }
    return closed;
  }

  #closeUpTo(end: number): readonly ClosedFile[] {
    const closed: ClosedFile[] = [];
    for (
      let file = this.#files[this.#at];
      file !== undefined && file.offset + file.size <= end;
      file = this.#files[this.#at]
    )
      closed.push(this.#close(file));
    return closed;
  }

  #close(file: FileToKeep): ClosedFile {
    const isRight = equalBytes(this.#hash.digest(), file.sha256);
    this.#hash = this.#keeping.fetching.sealer.startHash();
    this.#at++;
    return { file, isRight };
  }
}

interface ClosedFile {
  readonly file: FileToKeep;
  readonly isRight: boolean;
}

/** Many, because those that wait for the disk share its syncs. */
const placedAtOnce = 48;
const rereadBytes = 4 * 1024 * 1024;
