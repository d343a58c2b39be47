import type { Lease, LeaseReference, LeaseStore } from "../lease-store.ts";
import { Database } from "./database.ts";
import { numberOf } from "./row.ts";

const migrations = [
  `
  CREATE TABLE leases (
    chunk BLOB NOT NULL, lease BLOB NOT NULL, expiry_day INTEGER NOT NULL,
    PRIMARY KEY (chunk, lease)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lease_days ON leases (expiry_day);
  `,
] as const;

/** Leases in one SQLite file. */
export class SqliteLeaseStore implements LeaseStore {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file, migrations);
  }

  async hold(leases: readonly Lease[]): Promise<void> {
    this.#database.transaction(() => {
      for (const { chunk, lease, expiryDay } of leases) {
        this.#database.run(
          "INSERT INTO leases (chunk, lease, expiry_day) VALUES (?, ?, ?) ON CONFLICT (chunk, lease) DO UPDATE SET expiry_day = max(expiry_day, excluded.expiry_day)",
          chunk,
          lease,
          expiryDay,
        );
      }
    });
  }

  async missing(leases: readonly Lease[]): Promise<readonly number[]> {
    return leases.flatMap(({ chunk, lease, expiryDay }, index) => {
      const row = this.#database.get("SELECT expiry_day FROM leases WHERE chunk = ? AND lease = ?", chunk, lease);
      return row !== undefined && numberOf(row, "expiry_day") >= expiryDay ? [] : [index];
    });
  }

  async end(leases: readonly LeaseReference[]): Promise<void> {
    this.#database.transaction(() => {
      for (const { chunk, lease } of leases)
        this.#database.run("DELETE FROM leases WHERE chunk = ? AND lease = ?", chunk, lease);
    });
  }

  isAlive(chunk: Uint8Array, today: number): boolean {
    return (
      this.#database.get("SELECT 1 FROM leases WHERE chunk = ? AND expiry_day >= ? LIMIT 1", chunk, today) !== undefined
    );
  }

  async sweep(today: number): Promise<void> {
    this.#database.transaction(() => this.#database.run("DELETE FROM leases WHERE expiry_day < ?", today));
  }

  async compact(): Promise<void> {
    this.#database.checkpoint();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }
}
