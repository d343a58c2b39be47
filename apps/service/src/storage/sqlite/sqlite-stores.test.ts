import { join } from "node:path";
import { BullaError, isBullaError } from "@bulla/wire";
import { describe, expect, test } from "vitest";
import { runAcceptance } from "../../testing/run-acceptance.fixture.ts";
import { temporaryFolder } from "../../testing/test-service.fixture.ts";
import { counterStorePromises } from "../counter-store.acceptance.ts";
import { directoryStorePromises } from "../directory-store.acceptance.ts";
import { leaseStorePromises } from "../lease-store.acceptance.ts";
import { streamStorePromises } from "../stream-store.acceptance.ts";
import { SqliteCounterStore } from "./counter-store.ts";
import { Database } from "./database.ts";
import { SqliteDirectoryStore } from "./directory-store.ts";
import { SqliteLeaseStore } from "./lease-store.ts";
import { SqliteStreamStore } from "./stream-store.ts";

describe("streams in SQLite", () => {
  runAcceptance(streamStorePromises, (folder) => new SqliteStreamStore(join(folder, "streams.db")));
});
describe("directory in SQLite", () => {
  runAcceptance(directoryStorePromises, (folder) => new SqliteDirectoryStore(join(folder, "directory.db")));
});
describe("leases in SQLite", () => {
  runAcceptance(leaseStorePromises, (folder) => new SqliteLeaseStore(join(folder, "leases.db")));
});
describe("counters in SQLite", () => {
  runAcceptance(counterStorePromises, (folder) => new SqliteCounterStore(join(folder, "counters.db")));
});

test("every statement goes through the transparency log, and one that the log refuses is not stored", async () => {
  const seen: number[] = [];
  const log = {
    append(_name: string, position: number): void {
      if (position === 1) throw new BullaError("service/unavailable", "log is full");
      seen.push(position);
    },
  };
  await using store = new SqliteDirectoryStore(join(await temporaryFolder(), "directory.db"), log);
  await store.append("ann", 0, Uint8Array.of(1));
  await store.append("ann", 0, Uint8Array.of(1));
  await expect(store.append("ann", 1, Uint8Array.of(2))).rejects.toThrow("log is full");
  expect(seen).toEqual([0]);
  expect(await store.statements("ann", 0)).toHaveLength(1);
});

test("migrations run once and in order, and a folder of a newer version is refused", async () => {
  const file = join(await temporaryFolder(), "a.db");
  const steps = ["CREATE TABLE a (x INTEGER PRIMARY KEY) STRICT, WITHOUT ROWID", "INSERT INTO a VALUES (7)"];
  new Database(file, steps.slice(0, 1))[Symbol.dispose]();
  for (let i = 0; i < 2; i++) {
    using database = new Database(file, steps);
    expect(database.all("SELECT x FROM a")).toEqual([{ x: 7 }]);
  }
  expect(() => new Database(file, [])).toThrow(expect.objectContaining({ code: "store/unsupported-version" }));
});

test("a full disk is answered as unavailable, and what was stored before is still there", async () => {
  using database = new Database(join(await temporaryFolder(), "a.db"), [
    "CREATE TABLE a (x INTEGER PRIMARY KEY, y BLOB) STRICT, WITHOUT ROWID",
  ]);
  database.run("INSERT INTO a VALUES (1, ?)", new Uint8Array(10));
  database.get("PRAGMA max_page_count = 8");
  const fill = (): void =>
    database.transaction(() => {
      for (let i = 2; i < 100; i++) database.run("INSERT INTO a VALUES (?, ?)", i, new Uint8Array(8000));
    });
  expect(fill).toThrow(expect.objectContaining({ code: "service/unavailable" }));
  expect(database.all("SELECT x FROM a")).toEqual([{ x: 1 }]);
});

test("a file that is no database is called damaged", async () => {
  const file = join(await temporaryFolder(), "a.db");
  await (await import("node:fs/promises")).writeFile(file, "x".repeat(10_000));
  let caught: unknown;
  try {
    new Database(file, []);
  } catch (error) {
    caught = error;
  }
  expect(isBullaError(caught, "store/corrupt")).toBe(true);
});
