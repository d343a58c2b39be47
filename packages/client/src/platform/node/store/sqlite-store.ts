import { accessSync, chmodSync, closeSync, constants, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { InternalError } from "@bulla/wire";
import type { Store, StoreEntry, StoreTransaction } from "../../../ports.ts";
import { StepQueue, storeLocked } from "../../../store/step-queue.ts";
import { systemCode, writeError } from "../files/file-errors.ts";
import { Entries } from "./entries.ts";
import { migrate } from "./migrations.ts";
import { retryWhileBusy } from "./retry-while-busy.ts";
import { storeError } from "./sqlite-errors.ts";

export interface SqliteStoreOptions {
  /** How long one step waits for others before store/locked. */
  readonly lockWaitMilliseconds?: number;
}

const defaultLockWait = 60_000;
/** A process that does step after step pauses now and then, or others that poll for the lock would hardly ever meet it free. */
const longestRunMilliseconds = 40;
const pauseMilliseconds = 6;

/** Open or create a store in one SQLite file, mode 0600. A step holds SQLite's write lock from begin to commit, so it is alone among all processes; if the process dies,
 *  the system frees the lock and the next one sees the last commit. Steps of this process queue in order. A step whose work never ends keeps the lock as long as its
 *  process lives: the others fail with store/locked after the wait, with a hint, never silently.
 *  @throws BullaError store/locked, store/corrupt, store/unsupported-version, file/no-space, file/unwritable */
export async function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
  const lockWait = options.lockWaitMilliseconds ?? defaultLockWait;
  createPrivately(path);
  const opened: DatabaseSync[] = [];
  try {
    const writer = new DatabaseSync(path);
    opened.push(writer);
    await retryWhileBusy(() => prepareWriter(writer), {
      limitMilliseconds: lockWait,
      giveUp: () => storeLocked(lockWait),
    });
    const reader = new DatabaseSync(path);
    opened.push(reader);
    reader.exec("PRAGMA query_only = ON");
    const entries = await retryWhileBusy(() => new Entries(reader), {
      limitMilliseconds: lockWait,
      giveUp: () => storeLocked(lockWait),
    });
    return new SqliteStore(writer, reader, entries, lockWait);
  } catch (error) {
    for (const database of opened) database.close();
    throw storeError(error);
  }
}

export class SqliteStore implements Store {
  readonly #writer: DatabaseSync;
  readonly #reader: DatabaseSync;
  readonly #written: Entries;
  readonly #committed: Entries;
  readonly #queue: StepQueue;
  readonly #lockWait: number;
  #runSince = 0;
  #lastCommit = 0;

  /** @internal Use openSqliteStore. */
  constructor(writer: DatabaseSync, reader: DatabaseSync, committed: Entries, lockWait: number) {
    this.#writer = writer;
    this.#reader = reader;
    this.#written = new Entries(writer);
    this.#committed = committed;
    this.#queue = new StepQueue(lockWait);
    this.#lockWait = lockWait;
  }

  step<T>(work: (transaction: StoreTransaction) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      await this.#letOthersIn();
      await this.#whenFree(() => this.#writer.exec("BEGIN IMMEDIATE"));
      const transaction = new SqliteTransaction(this.#written);
      try {
        const result = await work(transaction);
        transaction.end();
        this.#writer.exec("COMMIT");
        this.#lastCommit = performance.now();
        return result;
      } catch (error) {
        transaction.end();
        // SQLite rolls back by itself after some failures, such as a full disk.
        if (this.#writer.isTransaction) this.#writer.exec("ROLLBACK");
        throw storeError(error);
      }
    });
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#whenFree(() => this.#committed.get(key));
  }

  list(prefix: string): Promise<readonly StoreEntry[]> {
    return this.#whenFree(() => this.#committed.list(prefix));
  }

  /** Waits for running steps. Leaves one file: what was logged is moved into it and overwritten. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue.run(async () => {
      if (!this.#writer.isOpen) return;
      this.#reader.close();
      try {
        this.#writer.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      } catch {
        // The disk is full, for example. Nothing is lost: all of it is durable in the log, which stays for the next one to move.
      } finally {
        this.#writer.close();
      }
    });
  }

  async #whenFree<T>(attempt: () => T): Promise<T> {
    try {
      return await retryWhileBusy(attempt, {
        limitMilliseconds: this.#lockWait,
        giveUp: () => storeLocked(this.#lockWait),
      });
    } catch (error) {
      throw storeError(error);
    }
  }

  async #letOthersIn(): Promise<void> {
    const now = performance.now();
    if (now - this.#lastCommit > pauseMilliseconds) this.#runSince = now;
    if (now - this.#runSince < longestRunMilliseconds) return;
    await sleep(pauseMilliseconds);
    this.#runSince = performance.now();
  }
}

class SqliteTransaction implements StoreTransaction {
  #entries: Entries | undefined;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#live().get(key);
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    this.#live().put(key, value);
  }

  async delete(key: string): Promise<void> {
    this.#live().delete(key);
  }

  async list(prefix: string): Promise<readonly StoreEntry[]> {
    return this.#live().list(prefix);
  }

  end(): void {
    this.#entries = undefined;
  }

  #live(): Entries {
    if (this.#entries === undefined) throw new InternalError("a store step was used after its end");
    return this.#entries;
  }
}

/** SQLite gives its side files the mode of the main one. Only a new file is opened here: closing any descriptor of a file drops all of this process's locks on it. */
function createPrivately(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, "wx", 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw writeError(error);
    assertWritable(path);
  }
}

/** SQLite would open such a file for reading only, and fail at the first step. */
function assertWritable(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw writeError(error);
  }
}

function prepareWriter(database: DatabaseSync): void {
  database.exec(
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON",
  );
  migrate(database);
}
