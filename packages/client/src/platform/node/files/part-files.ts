import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { EarlySync } from "./early-sync.ts";

const maxOpen = 64;

/** The unfinished files of one work folder, each open while it is in use; the least recently used are closed beyond 64. */
export class PartFiles {
  readonly #folder: string;
  readonly #open = new Map<number, OpenPart>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(index: number): string {
    return join(this.#folder, `${index}.part`);
  }

  async use<T>(index: number, work: (file: FileHandle, part: OpenPart) => Promise<T>): Promise<T> {
    const part = this.#open.get(index) ?? this.#openPart(index);
    // Moved to the end: the map's order is that of the last use.
    this.#open.delete(index);
    this.#open.set(index, part);
    part.users++;
    try {
      return await work(await part.file, part);
    } finally {
      part.users--;
      this.#closeSurplus();
    }
  }

  /** Close it when it is open. */
  async close(index: number): Promise<void> {
    const part = this.#open.get(index);
    this.#open.delete(index);
    await (await part?.file.catch(() => undefined))?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open.keys()].map((index) => this.close(index)));
  }

  #openPart(index: number): OpenPart {
    // The mode is what a person's new files have; the work folder around it is closed to others. A link in its place is refused.
    const file = open(this.pathOf(index), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o666);
    file.catch(() => this.#open.delete(index));
    // What an earlier process wrote may not be durable yet.
    return { file, users: 0, dirty: true, early: new EarlySync() };
  }

  #closeSurplus(): void {
    for (const [index, part] of this.#open) {
      if (this.#open.size <= maxOpen) return;
      if (part.users === 0 && part.early.isSettled) void this.close(index);
    }
  }
}

export interface OpenPart {
  readonly file: Promise<FileHandle>;
  users: number;
  /** Whether something was written since the last sync. */
  dirty: boolean;
  readonly early: EarlySync;
}
