import type { CounterStore, Usage } from "../counter-store.ts";
import { Database } from "./database.ts";
import { numberOf } from "./row.ts";

const migrations = [
  `
  CREATE TABLE usages (
    name TEXT PRIMARY KEY, since_day INTEGER NOT NULL, byte_days INTEGER NOT NULL, streams INTEGER NOT NULL, envelopes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
] as const;

/** Counters in their own SQLite file. */
export class SqliteCounterStore implements CounterStore {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file, migrations);
  }

  async load(name: string): Promise<Usage | undefined> {
    const row = this.#database.get("SELECT since_day, byte_days, streams, envelopes FROM usages WHERE name = ?", name);
    if (row === undefined) return undefined;
    return {
      sinceDay: numberOf(row, "since_day"),
      byteDays: numberOf(row, "byte_days"),
      streams: numberOf(row, "streams"),
      envelopes: numberOf(row, "envelopes"),
    };
  }

  async save(usages: ReadonlyMap<string, Usage>): Promise<void> {
    this.#database.transaction(() => {
      for (const [name, { sinceDay, byteDays, streams, envelopes }] of usages) {
        this.#database.run(
          "INSERT OR REPLACE INTO usages (name, since_day, byte_days, streams, envelopes) VALUES (?, ?, ?, ?, ?)",
          name,
          sinceDay,
          byteDays,
          streams,
          envelopes,
        );
      }
    });
    this.#database.checkpoint();
  }

  async sweep(beforeDay: number): Promise<void> {
    this.#database.run("DELETE FROM usages WHERE since_day < ?", beforeDay);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }
}
