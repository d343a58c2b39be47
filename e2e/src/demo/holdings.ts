import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** One kind of thing that the service keeps. */
export interface Holding {
  readonly place: string;
  readonly count: number;
  readonly bytes: number;
  /** The first bytes of one of them. */
  readonly sample: Uint8Array;
  /** Column names of a table. */
  readonly columns: string;
}

/** Everything in the service's folder: each table of each database, and its chunks. */
export function listHoldings(folder: string): readonly Holding[] {
  const databases = readdirSync(folder)
    .filter((name) => name.endsWith(".db"))
    .sort();
  return [...databases.flatMap((name) => tablesOf(join(folder, name))), chunksOf(join(folder, "blobs"))];
}

function tablesOf(path: string): readonly Holding[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return names.map(({ name }) => tableOf(database, basename(path, ".db"), String(name)));
  } finally {
    database.close();
  }
}

function tableOf(database: DatabaseSync, file: string, table: string): Holding {
  let [count, bytes] = [0, 0];
  let sample: Uint8Array = new Uint8Array();
  const columns = database
    .prepare(`PRAGMA table_info("${table}")`)
    .all()
    .map(({ name }) => String(name));
  for (const row of database.prepare(`SELECT * FROM "${table}"`).iterate()) {
    count++;
    for (const value of Object.values(row)) {
      if (value instanceof Uint8Array) bytes += value.length;
      else bytes += typeof value === "string" ? value.length : 8;
      if (value instanceof Uint8Array && value.length >= sample.length) sample = value.slice(0, 16);
    }
  }
  return { place: `${file}.${table}`, count, bytes, sample, columns: columns.join(", ") };
}

function chunksOf(folder: string): Holding {
  const chunks = listChunks(folder);
  const [first] = chunks;
  const sample = first === undefined ? new Uint8Array() : firstBytes(first.path, 16);
  return {
    place: "blobs (files)",
    count: chunks.length,
    bytes: chunks.reduce((sum, { size }) => sum + size, 0),
    sample,
    columns: "SHA-256 of the ciphertext",
  };
}

export interface StoredChunk {
  readonly path: string;
  readonly size: number;
}

/** Complete chunks, in the order of their names. */
export function listChunks(folder: string): readonly StoredChunk[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const chunks = names.filter((name) => /[0-9a-f]{64}$/.test(name)).sort();
  return chunks.map((name) => ({ path: join(folder, name), size: statSync(join(folder, name)).size }));
}

export function firstBytes(path: string, count: number): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(count);
    return bytes.subarray(0, readSync(file, bytes));
  } finally {
    closeSync(file);
  }
}
