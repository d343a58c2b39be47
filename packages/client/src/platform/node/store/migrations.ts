import type { DatabaseSync } from "node:sqlite";
import { BullaError } from "@bulla/wire";

/** Step n makes version n+1 out of version n. A step that was released never changes. */
const migrations: readonly string[] = [
  "CREATE TABLE entries (key BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID",
];

/** Bring the file to this program's version, all or nothing.
 *  @throws BullaError store/unsupported-version – a newer program wrote it */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === migrations.length) return;
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(database);
    if (version > migrations.length) {
      throw new BullaError(
        "store/unsupported-version",
        `the device's store has version ${version}, this program knows up to ${migrations.length}`,
        {
          hint: "update bulla, then try again",
        },
      );
    }
    for (const statement of migrations.slice(version)) database.exec(statement);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
  return typeof version === "number" ? version : 0;
}
