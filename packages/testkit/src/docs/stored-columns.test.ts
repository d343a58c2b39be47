import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { createService } from "@bulla/service";
import { expect, test } from "vitest";
import { readText } from "./pages.fixture.ts";

test("the threat model names every column that the service stores, and no other", async () => {
  const folder = await mkdtemp(join(tmpdir(), "bulla-docs-"));
  try {
    const service = await createService({ dataFolder: folder, port: 0 });
    await service[Symbol.asyncDispose]();
    const stored: string[] = [];
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".db")))
      stored.push(...columnsOf(join(folder, file)));
    const named = [...readText("docs/threat-model.md").matchAll(/`([a-z_]+\.[a-z_]+)`/g)]
      .map(([, column = ""]) => column)
      .filter((column) => !column.endsWith(".json"));
    expect(named.toSorted()).toEqual(stored.toSorted());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function columnsOf(file: string): readonly string[] {
  using database = new DatabaseSync(file, { readOnly: true });
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  return tables.flatMap(({ name }) =>
    database
      .prepare(`SELECT name FROM pragma_table_info(?)`)
      .all(String(name))
      .map((column) => `${String(name)}.${String(column["name"])}`),
  );
}
