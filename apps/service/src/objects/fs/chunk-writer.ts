import { createHash } from "node:crypto";
import { type FileHandle, rename, rm } from "node:fs/promises";
import { equalBytes } from "@bulla/wire";
import type { ChunkWriter } from "../../storage/chunk-store.ts";
import { dropBuffer } from "./drop-buffer.ts";
import { syncFolder } from "./durable-file.ts";

/** Fewer, larger writes: each costs a trip to the thread pool. */
const gatherBytes = 512 * 1024;

type Place = (hash: Uint8Array) => Promise<{ readonly folder: string; readonly path: string }>;

/** Writes to a temporary name while hashing, and renames once everything is on the disk. */
export class FileChunkWriter implements ChunkWriter {
  readonly #file: FileHandle;
  readonly #temporary: string;
  readonly #place: Place;
  readonly #hash = createHash("sha256");
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  #done = false;

  constructor(file: FileHandle, temporary: string, place: Place) {
    this.#file = file;
    this.#temporary = temporary;
    this.#place = place;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gatheredBytes >= gatherBytes) await this.#flush();
  }

  async keep(hash: Uint8Array): Promise<boolean> {
    if (!equalBytes(new Uint8Array(this.#hash.digest()), hash)) {
      await this[Symbol.asyncDispose]();
      return false;
    }
    await this.#flush();
    // The only clock that the service keeps is the day.
    const midnight = Math.floor(Date.now() / 86_400_000) * 86_400;
    await this.#file.utimes(midnight, midnight);
    await this.#file.sync();
    const { folder, path } = await this.#place(hash);
    await rename(this.#temporary, path);
    this.#done = true;
    await this.#file.close();
    await syncFolder(folder);
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#gathered = [];
    await this.#file.close();
    await rm(this.#temporary, { force: true });
  }

  async #flush(): Promise<void> {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    let rest = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (rest === 0) return;
    const { bytesWritten } = await this.#file.writev(pieces);
    rest -= bytesWritten;
    // A short write happens when the disk is nearly full; the next one says so.
    if (rest > 0) await this.#writeAll(Buffer.concat(pieces).subarray(bytesWritten));
    for (const piece of pieces) dropBuffer(piece);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
  }
}
