import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, unlinkSync } from "node:fs";
import { type FileHandle, mkdir, open, opendir } from "node:fs/promises";
import { join } from "node:path";
import { BullaError, bytesOfHex, hexOf } from "@bulla/wire";
import type { ChunkStore, ChunkWriter, StoredChunk } from "../../storage/chunk-store.ts";
import { FileChunkWriter } from "./chunk-writer.ts";
import { hasCode, syncFolder } from "./durable-file.ts";

const readBytes = 1024 * 1024;

/** A folder of chunks: `aa/bb/HASH` in hex, and `incoming/` for what is not complete yet. */
export class ChunkFolder implements ChunkStore {
  readonly #folder: string;
  readonly #incoming: string;
  /** Folders that exist for certain, and durably. */
  readonly #known = new Set<string>();

  /** Makes the folder; what an earlier process left incomplete is deleted.
   *  @throws BullaError file/unwritable */
  constructor(folder: string) {
    this.#folder = folder;
    this.#incoming = join(folder, "incoming");
    try {
      rmSync(this.#incoming, { recursive: true, force: true });
      mkdirSync(this.#incoming, { recursive: true, mode: 0o700 });
    } catch (cause) {
      throw new BullaError("file/unwritable", "data folder cannot be written", {
        cause,
        hint: "choose a folder that you may write with --data",
      });
    }
  }

  async create(): Promise<ChunkWriter> {
    const temporary = join(this.#incoming, randomBytes(16).toString("hex"));
    return new FileChunkWriter(await open(temporary, "wx", 0o600), temporary, (hash) => this.#place(hash));
  }

  async open(hash: Uint8Array): Promise<StoredChunk | undefined> {
    let file: FileHandle;
    try {
      file = await open(this.#pathOf(hash), "r");
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
    const { size } = await file.stat();
    return { size, read: () => readPieces(file, size), [Symbol.asyncDispose]: () => file.close() };
  }

  remove(hash: Uint8Array): void {
    try {
      unlinkSync(this.#pathOf(hash));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
    }
  }

  async *list(): AsyncIterable<Uint8Array> {
    for await (const first of await opendir(this.#folder)) {
      if (first.name.length !== 2) continue;
      for await (const second of await opendir(join(this.#folder, first.name))) {
        for await (const { name } of await opendir(join(this.#folder, first.name, second.name))) {
          const hash = bytesOfHex(name);
          if (hash?.length === 32) yield hash;
        }
      }
    }
  }

  #pathOf(hash: Uint8Array): string {
    const name = hexOf(hash);
    return join(this.#folder, name.slice(0, 2), name.slice(2, 4), name);
  }

  async #place(hash: Uint8Array): Promise<{ readonly folder: string; readonly path: string }> {
    const name = hexOf(hash);
    const first = join(this.#folder, name.slice(0, 2));
    const folder = join(first, name.slice(2, 4));
    await this.#makeFolder(this.#folder, first);
    await this.#makeFolder(first, folder);
    return { folder, path: join(folder, name) };
  }

  async #makeFolder(parent: string, folder: string): Promise<void> {
    if (this.#known.has(folder)) return;
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
    await syncFolder(parent);
    this.#known.add(folder);
  }
}

async function* readPieces(file: FileHandle, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(Math.min(readBytes, size - at)), {
      position: at,
    });
    if (bytesRead === 0) throw new BullaError("service/unavailable", "a chunk ended early");
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
