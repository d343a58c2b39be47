import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { BullaError, InternalError } from "@bulla/wire";
import { numberOf, type Row } from "./row.ts";

/** One SQLite file, opened so that a commit is durable (`synchronous=FULL`), deleted content is overwritten (`secure_delete`), and nothing is spilled to temporary files.
 *  Prepared statements are kept by their text, so the text must never hold a value. */
export class Database {
  readonly #connection: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #changed = true;

  /** Opens or creates the file and brings its tables to the newest of `migrations`, each applied once and in order.
   *  @throws BullaError store/unsupported-version, store/corrupt, file/unwritable */
  constructor(file: string, migrations: readonly string[]) {
    try {
      this.#connection = new DatabaseSync(file);
      this.#connection.exec(pragmas);
    } catch (cause) {
      throw openError(cause);
    }
    this.#migrate(migrations);
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#translate(() => this.#statement(sql).get(...values));
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#translate(() => this.#statement(sql).all(...values));
  }

  /** @returns how many rows changed */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    this.#changed = true;
    return this.#translate(() => Number(this.#statement(sql).run(...values).changes));
  }

  /** Runs `body` in one transaction. It is durable when this returns; when it throws, nothing happened.
   *  @throws BullaError service/unavailable – the disk is full or broken */
  transaction<T>(body: () => T): T {
    this.#changed = true;
    this.#translate(() => this.#statement("BEGIN IMMEDIATE").run());
    try {
      const result = body();
      this.#translate(() => this.#statement("COMMIT").run());
      return result;
    } catch (error) {
      // SQLite rolls back by itself after some errors.
      if (this.#connection.isTransaction) this.#connection.exec("ROLLBACK");
      throw error;
    }
  }

  /** Moves the write-ahead log into the file and cuts it to zero, so that overwritten pages are gone from it as well. */
  checkpoint(): void {
    if (!this.#changed) return;
    this.#translate(() => this.#connection.exec("PRAGMA wal_checkpoint(TRUNCATE)"));
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    if (!this.#connection.isOpen) return;
    try {
      this.checkpoint();
    } finally {
      this.#statements.clear();
      this.#connection.close();
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#connection.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #migrate(migrations: readonly string[]): void {
    const version = numberOf(this.get("PRAGMA user_version") ?? {}, "user_version");
    if (version > migrations.length) {
      this.#connection.close();
      throw new BullaError(
        "store/unsupported-version",
        `data folder is of version ${version}, this program knows ${migrations.length}`,
        { hint: "update bulla, then try again" },
      );
    }
    for (const [index, sql] of migrations.entries()) {
      if (index < version) continue;
      this.transaction(() => this.#connection.exec(`${sql}; PRAGMA user_version = ${index + 1}`));
    }
  }

  #translate<T>(call: () => T): T {
    try {
      return call();
    } catch (cause) {
      throw runError(cause);
    }
  }
}

// Rows of 1 KiB stay inside a page of a WITHOUT ROWID table only from 8 KiB pages on.
const pragmas = `
  PRAGMA page_size = 8192;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
  PRAGMA wal_autocheckpoint = 2000;
  PRAGMA busy_timeout = 2000;
`;

/** SQLite's primary result code, https://sqlite.org/rescode.html. */
export function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : undefined;
}

const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

function openError(cause: unknown): BullaError {
  const code = sqliteCode(cause);
  if (code === CORRUPT || code === NOTADB)
    return new BullaError("store/corrupt", "a database of the data folder is damaged", {
      cause,
      hint: "restore the data folder from a backup",
    });
  if (code === BUSY)
    return new BullaError("store/locked", "a database of the data folder is in use", {
      cause,
      hint: "stop the other program, then run this again",
    });
  return new BullaError("file/unwritable", "data folder cannot be written", {
    cause,
    hint: "choose a folder that you may write with --data",
  });
}

function runError(cause: unknown): unknown {
  const code = sqliteCode(cause);
  if (code === undefined) return cause;
  if ([BUSY, READONLY, IOERR, FULL, CANTOPEN].includes(code))
    return new BullaError("service/unavailable", "the service cannot store anything at the moment", { cause });
  return new InternalError(`database answered ${code}`, { cause });
}
