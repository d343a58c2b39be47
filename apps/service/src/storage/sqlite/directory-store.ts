import { equalBytes } from "@bulla/wire";
import { noTransparencyLog, type TransparencyLog } from "../../directory/transparency-log.ts";
import type {
  ClaimedPackage,
  DeviceAddress,
  DirectoryStore,
  PackageUpload,
  PoolCount,
  StoredEnvelope,
} from "../directory-store.ts";
import { Database } from "./database.ts";
import { DayKeys } from "./day-keys.ts";
import { directoryMigrations } from "./directory-migrations.ts";
import { acknowledgeEnvelopes, changeCapabilities, hasCapability, postEnvelope, readEnvelopes } from "./inbox-table.ts";
import { addKeyPackages, claimPackages, forgetSpentPackages, poolCount } from "./key-package-table.ts";
import { blobOf } from "./row.ts";

/** The directory in one SQLite file, and the keys of its envelopes' days in a small one beside it. */
export class SqliteDirectoryStore implements DirectoryStore {
  readonly #database: Database;
  readonly #keys: DayKeys;
  readonly #log: TransparencyLog;

  constructor(file: string, log: TransparencyLog = noTransparencyLog) {
    this.#database = new Database(file, directoryMigrations);
    this.#keys = new DayKeys(`${file}.days`);
    this.#log = log;
  }

  async statements(name: string, from: number): Promise<readonly Uint8Array[] | undefined> {
    const rows = this.#database.all(
      "SELECT statement FROM statements WHERE name = ? AND position >= ? ORDER BY position",
      name,
      from,
    );
    if (rows.length === 0 && this.#statement(name, 0) === undefined) return undefined;
    return rows.map((row) => blobOf(row, "statement"));
  }

  async append(name: string, position: number, statement: Uint8Array): Promise<"appended" | "repeated" | "conflict"> {
    return this.#database.transaction(() => {
      const known = this.#statement(name, position);
      if (known !== undefined) return equalBytes(known, statement) ? "repeated" : "conflict";
      if (position > 0 && this.#statement(name, position - 1) === undefined) return "conflict";
      this.#database.run(
        "INSERT INTO statements (name, position, statement) VALUES (?, ?, ?)",
        name,
        position,
        statement,
      );
      this.#log.append(name, position, statement);
      return "appended";
    });
  }

  async addKeyPackages(device: DeviceAddress, upload: PackageUpload): Promise<PoolCount | "full"> {
    return addKeyPackages(this.#database, device, upload);
  }

  async poolCount(device: DeviceAddress): Promise<PoolCount> {
    return poolCount(this.#database, device);
  }

  async claim(name: string, deviceIds: readonly Uint8Array[], today: number): Promise<readonly ClaimedPackage[]> {
    return claimPackages(this.#database, name, deviceIds, today);
  }

  async post(
    device: DeviceAddress,
    envelope: Uint8Array,
    expiryDay: number,
    maxWaiting: number,
  ): Promise<"posted" | "full"> {
    return postEnvelope(this.#database, this.#keys, device, envelope, expiryDay, maxWaiting);
  }

  async envelopes(
    device: DeviceAddress,
    from: number,
    max: number,
    today: number,
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }> {
    return readEnvelopes(this.#database, this.#keys, device, from, max, today);
  }

  async acknowledge(device: DeviceAddress, through: number): Promise<void> {
    acknowledgeEnvelopes(this.#database, device, through);
  }

  async changeCapabilities(
    device: DeviceAddress,
    change: { readonly add: readonly Uint8Array[]; readonly remove: readonly Uint8Array[] },
    max: number,
  ): Promise<"changed" | "full"> {
    return changeCapabilities(this.#database, device, change, max);
  }

  async hasCapability(device: DeviceAddress, hash: Uint8Array): Promise<boolean> {
    return hasCapability(this.#database, device, hash);
  }

  async sweep(today: number): Promise<void> {
    this.#database.transaction(() => {
      this.#database.run("DELETE FROM envelopes WHERE expiry_day < ?", today);
      forgetSpentPackages(this.#database, today);
    });
    this.#keys.forgetBefore(today);
  }

  async compact(): Promise<void> {
    this.#database.checkpoint();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#database[Symbol.dispose]();
  }

  #statement(name: string, position: number): Uint8Array | undefined {
    const row = this.#database.get("SELECT statement FROM statements WHERE name = ? AND position = ?", name, position);
    return row === undefined ? undefined : blobOf(row, "statement");
  }
}
