import { randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chunkStorePromises } from "../../storage/chunk-store.acceptance.ts";
import { temporaryFolder } from "../../testing/test-service.fixture.ts";
import { ChunkFolder } from "./chunk-folder.ts";

for (const { promise, hold } of chunkStorePromises)
  test(promise, async () => hold(new ChunkFolder(await temporaryFolder())));

test("what a killed process left incomplete is deleted at the next start", async () => {
  const folder = await temporaryFolder();
  const writer = await new ChunkFolder(folder).create();
  await writer.write(randomBytes(2_000_000));
  expect(await readdir(join(folder, "incoming"))).toHaveLength(1);
  new ChunkFolder(folder);
  expect(await readdir(join(folder, "incoming"))).toEqual([]);
  await writer[Symbol.asyncDispose]();
});
