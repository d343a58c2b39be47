import { InternalError } from "@bulla/wire";
import type { Store, StoreEntry, StoreTransaction } from "../../../ports.ts";
import { assertPlace, assertPlacePrefix } from "../../../store/place.ts";
import { storeLocked } from "../../../store/step-queue.ts";
import { ended, openDatabase, settled, storeError, table } from "./requests.ts";

export interface IndexedDbStoreOptions {
  /** How long one step waits for others before store/locked. */
  readonly lockWaitMilliseconds?: number;
}

const defaultLockWait = 60_000;

/** Open or create a store in one IndexedDB database. A step holds a Web Lock of that name, so it is alone among all pages and workers of the
 *  origin; when its page dies, the browser frees the lock. What it writes is kept aside and committed at its end in one transaction that the
 *  browser writes to the disk before it answers.
 *  @throws BullaError store/locked, store/corrupt, file/no-space */
export async function openIndexedDbStore(name: string, options: IndexedDbStoreOptions = {}): Promise<IndexedDbStore> {
  return new IndexedDbStore(await openDatabase(name), name, options.lockWaitMilliseconds ?? defaultLockWait);
}

export class IndexedDbStore implements Store {
  readonly #database: IDBDatabase;
  readonly #lock: string;
  readonly #lockWait: number;

  /** @internal Use openIndexedDbStore. */
  constructor(database: IDBDatabase, name: string, lockWait: number) {
    this.#database = database;
    this.#lock = `bulla store ${name}`;
    this.#lockWait = lockWait;
  }

  step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      const draft = new Draft(this);
      try {
        const result = await work(draft);
        await this.#commit(draft.end());
        return result;
      } finally {
        draft.end();
      }
    });
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    assertPlace(key);
    const value: unknown = await settled(this.#read().get(key));
    return value === undefined ? undefined : stored(value);
  }

  async list(prefix: string): Promise<readonly StoreEntry[]> {
    assertPlacePrefix(prefix);
    const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    const entries = this.#read();
    // Both requests are of one transaction, so they see the same.
    const [keys, values] = await Promise.all([settled(entries.getAllKeys(range)), settled(entries.getAll(range))]);
    return keys.map((key, i) => ({ key: storedKey(key), value: stored(values[i]) }));
  }

  /** Waits for running steps. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#alone(async () => this.#database.close());
  }

  #read(): IDBObjectStore {
    return this.#database.transaction(table).objectStore(table);
  }

  async #commit(changes: ReadonlyMap<string, Uint8Array | undefined>): Promise<void> {
    if (changes.size === 0) return;
    try {
      const transaction = this.#database.transaction(table, "readwrite", { durability: "strict" });
      const entries = transaction.objectStore(table);
      for (const [key, value] of changes) {
        if (value === undefined) entries.delete(key);
        else entries.put(value, key);
      }
      await ended(transaction);
    } catch (error) {
      throw storeError(error);
    }
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(storeLocked(this.#lockWait)), this.#lockWait);
    return await navigator.locks.request(this.#lock, { signal: patience.signal }, async () => {
      clearTimeout(timer);
      return await work();
    });
  }
}

/** What one step sees and has changed so far. */
class Draft implements StoreTransaction {
  readonly #store: Pick<Store, "get" | "list">;
  /** Undefined stands for deleted. */
  readonly #changes: Map<string, Uint8Array | undefined> = new Map();
  #isOver = false;

  constructor(store: Pick<Store, "get" | "list">) {
    this.#store = store;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const changes = this.#live();
    return changes.has(key) ? changes.get(key)?.slice() : this.#store.get(key);
  }

  async list(prefix: string): Promise<readonly StoreEntry[]> {
    const changes = this.#live();
    const before = await this.#store.list(prefix);
    const merged = new Map(before.map(({ key, value }) => [key, value]));
    for (const [key, value] of changes) {
      if (!key.startsWith(prefix)) continue;
      if (value === undefined) merged.delete(key);
      else merged.set(key, value.slice());
    }
    return [...merged].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    assertPlace(key);
    this.#live().set(key, value.slice());
  }

  async delete(key: string): Promise<void> {
    assertPlace(key);
    this.#live().set(key, undefined);
  }

  end(): ReadonlyMap<string, Uint8Array | undefined> {
    this.#isOver = true;
    return this.#changes;
  }

  #live(): Map<string, Uint8Array | undefined> {
    if (this.#isOver) throw new InternalError("a store step was used after its end");
    return this.#changes;
  }
}

function storedKey(key: IDBValidKey): string {
  if (typeof key === "string") return key;
  throw storeError(undefined);
}

function stored(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw storeError(undefined);
}
