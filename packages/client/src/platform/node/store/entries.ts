import type { DatabaseSync, StatementSync } from "node:sqlite";
import { BullaError, InternalError, textOf, utf8 } from "@bulla/wire";
import type { StoreEntry } from "../../../ports.ts";
import { assertPlace, assertPlacePrefix } from "../../../store/place.ts";

/** The one table of a store, through one connection. */
export class Entries {
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #listFrom: StatementSync;
  readonly #listRange: StatementSync;

  constructor(database: DatabaseSync) {
    this.#get = database.prepare("SELECT value FROM entries WHERE key = ?");
    this.#put = database.prepare(
      "INSERT INTO entries (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    );
    this.#delete = database.prepare("DELETE FROM entries WHERE key = ?");
    this.#listFrom = database.prepare("SELECT key, value FROM entries WHERE key >= ? ORDER BY key");
    this.#listRange = database.prepare("SELECT key, value FROM entries WHERE key >= ? AND key < ? ORDER BY key");
  }

  get(key: string): Uint8Array | undefined {
    assertPlace(key);
    const row = this.#get.get(utf8(key));
    return row === undefined ? undefined : bytesOf(row["value"]);
  }

  put(key: string, value: Uint8Array): void {
    assertPlace(key);
    this.#put.run(utf8(key), value);
  }

  delete(key: string): void {
    assertPlace(key);
    this.#delete.run(utf8(key));
  }

  list(prefix: string): readonly StoreEntry[] {
    assertPlacePrefix(prefix);
    const rows = prefix === "" ? this.#listFrom.all(utf8("")) : this.#listRange.all(utf8(prefix), endOf(prefix));
    return rows.map((row) => ({ key: textOf(bytesOf(row["key"])), value: bytesOf(row["value"]) }));
  }
}

/** The first key after all that begin with the prefix. Keys are ASCII, so the last byte can grow by one. */
function endOf(prefix: string): Uint8Array {
  const end = utf8(prefix);
  const last = end.at(-1);
  if (last === undefined) throw new InternalError("an empty prefix has no end");
  end[end.length - 1] = last + 1;
  return end;
}

function bytesOf(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array))
    throw new BullaError("store/corrupt", "the device's store holds something that is not bytes");
  return value;
}
