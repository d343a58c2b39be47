import { randomBytes } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/test-service.fixture.ts";
import type { StreamChange } from "../stream-store.ts";
import { SqliteDirectoryStore } from "./directory-store.ts";
import { SqliteStreamStore } from "./stream-store.ts";

/** How many of these byte strings are anywhere in the folder's files. */
async function found(folder: string, needles: readonly Uint8Array[]): Promise<number> {
  const files = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name))));
  // Each needle is looked for by every 16-byte piece of it, because pages may hold parts of a body.
  return needles.filter((needle) =>
    files.some((file) =>
      [0, 200, needle.length - 16].some((at) => file.includes(Buffer.from(needle.subarray(at, at + 16)))),
    ),
  ).length;
}

const sizes = [1024, 1024, 1024, 4096, 16384];

test("after the sweep no byte of an expired body is in the files, and what lives is still there", async () => {
  const folder = await temporaryFolder();
  await using store = new SqliteStreamStore(join(folder, "streams.db"));
  const sids = Array.from({ length: 20 }, () => new Uint8Array(randomBytes(32)));
  await store.commit(sids.map((sid) => ({ kind: "open", sid })));
  const [dead, living]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (let group = 0; group < 40; group++) {
    const changes = sids.map((sid, i): StreamChange => {
      const body = new Uint8Array(randomBytes(sizes[(i + group) % sizes.length] ?? 1024));
      const expires = (i * 7 + group) % 3 !== 0;
      (expires ? dead : living).push(body);
      return {
        kind: "append",
        sid,
        recordId: randomBytes(16),
        body,
        expiryDay: expires ? 100 + (group % 2) : null,
        close: false,
      };
    });
    await store.commit(changes);
    if (group % 10 === 0) await store.compact();
  }
  const keys = await readFile(join(folder, "streams.db.days"), "utf8");
  expect(keys.split("\n")).toHaveLength(3);
  for (const day of [101, 102]) while ((await store.sweep(day, 50)) > 0);
  await store.compact();
  // What a page split left behind is masked, and its keys are gone.
  expect(await found(folder, dead)).toBe(0);
  expect(await readFile(join(folder, "streams.db.days"), "utf8")).toBe("");
  expect(await found(folder, living.slice(0, 100))).toBe(100);
});

test("an acknowledged envelope and a claimed package are not in the files any more", async () => {
  const folder = await temporaryFolder();
  await using store = new SqliteDirectoryStore(join(folder, "directory.db"));
  const device = { name: "ann", deviceId: new Uint8Array(randomBytes(16)) };
  const envelopes = Array.from({ length: 60 }, (_, i) => new Uint8Array(randomBytes(i % 3 === 0 ? 16384 : 4096)));
  const keyPackages = Array.from({ length: 60 }, () => new Uint8Array(randomBytes(1500)));
  for (const envelope of envelopes) await store.post(device, envelope, 100, 1000);
  await store.addKeyPackages(device, { keyPackages, lastResort: null, today: 1, maxRemaining: 100 });
  await store.compact();
  expect(await found(folder, keyPackages)).toBe(60);
  await store.acknowledge(device, 59);
  for (let i = 0; i < 60; i++) await store.claim("ann", [device.deviceId], 1);
  await store.compact();
  expect(await found(folder, [...envelopes, ...keyPackages])).toBe(0);
});

test("control: without secure_delete the same deletion leaves bodies in the file", async () => {
  const folder = await temporaryFolder();
  const database = new DatabaseSync(join(folder, "plain.db"));
  database.exec(
    "PRAGMA secure_delete = OFF; PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE a (x BLOB PRIMARY KEY, y BLOB) STRICT, WITHOUT ROWID",
  );
  const bodies = Array.from({ length: 100 }, () => new Uint8Array(randomBytes(1024)));
  for (const body of bodies) database.prepare("INSERT INTO a VALUES (?, ?)").run(randomBytes(32), body);
  database.exec("DELETE FROM a; PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  expect(await found(folder, bodies)).toBeGreaterThan(50);
});

test("no table has a rowid, which would tell the order of arrival across streams", async () => {
  const folder = await temporaryFolder();
  await new SqliteStreamStore(join(folder, "streams.db"))[Symbol.asyncDispose]();
  await new SqliteDirectoryStore(join(folder, "directory.db"))[Symbol.asyncDispose]();
  for (const name of ["streams.db", "directory.db"]) {
    const database = new DatabaseSync(join(folder, name));
    const tables = database.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all();
    expect(tables.length).toBeGreaterThan(1);
    for (const { sql } of tables) expect(sql).toMatch(/WITHOUT ROWID$/);
    database.close();
  }
});
