import { assertPlace, assertPlacePrefix, type Store, type StoreEntry, type StoreTransaction } from "@bulla/client";
import { InternalError } from "@bulla/wire";

/** What memory stores are opened on: it outlives them, as a file would. */
export class MemoryDisk {
  entries: ReadonlyMap<string, Uint8Array> = new Map();
  lastStep: Promise<unknown> = Promise.resolve();
}

/** A store in memory, for tests that need no disk. Passes the same acceptance suite; durable as long as its disk is kept. */
export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;

  constructor(disk: MemoryDisk = new MemoryDisk()) {
    this.#disk = disk;
  }

  step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    const step = this.#disk.lastStep.then(async () => {
      const draft = new Map(this.#disk.entries);
      let open = true;
      const live = (): Map<string, Uint8Array> => {
        if (!open) throw new InternalError("a store step was used after its end");
        return draft;
      };
      try {
        const result = await work({
          get: async (key) => read(live(), key),
          list: async (prefix) => list(live(), prefix),
          put: async (key, value) => {
            assertPlace(key);
            live().set(key, value.slice());
          },
          delete: async (key) => {
            assertPlace(key);
            live().delete(key);
          },
        });
        this.#disk.entries = draft;
        return result;
      } finally {
        open = false;
      }
    });
    this.#disk.lastStep = step.catch(() => undefined);
    return step;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return read(this.#disk.entries, key);
  }

  async list(prefix: string): Promise<readonly StoreEntry[]> {
    return list(this.#disk.entries, prefix);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#disk.lastStep;
  }
}

function read(entries: ReadonlyMap<string, Uint8Array>, key: string): Uint8Array | undefined {
  assertPlace(key);
  return entries.get(key)?.slice();
}

function list(entries: ReadonlyMap<string, Uint8Array>, prefix: string): readonly StoreEntry[] {
  assertPlacePrefix(prefix);
  return [...entries]
    .filter(([key]) => key.startsWith(prefix))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => ({ key, value: value.slice() }));
}
