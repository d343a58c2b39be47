import { copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoreKey } from "../../../store/sealed-store.ts";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { createSpool, type Spool } from "./spool.ts";

const primitives = createNodePrimitives();
const mebibyte = 1024 * 1024;
let folder: string;
let spool: Spool;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulla-spool-"));
  spool = createSpool({ folder, storeKey: new Uint8Array(32).fill(3) as StoreKey, primitives });
});
afterEach(() => rm(folder, { recursive: true }));

const pattern = (length: number): Uint8Array => new Uint8Array(length).map((_, i) => (i * 7 + (i >> 10)) & 255);
async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

test.each([0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3 * mebibyte])(
  "%i bytes come back, whole and by range",
  async (length) => {
    const bytes = pattern(length);
    await using taken = await spool.take(inPieces(bytes, 65_521));
    expect(taken.size).toBe(length);
    expect(same(await taken.read(0, length + 10), bytes)).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(length), fc.nat(2 * mebibyte), async (offset, size) => {
        expect(same(await taken.read(offset, size), bytes.subarray(offset, offset + size))).toBe(true);
      }),
      { numRuns: 20 },
    );
  },
);

test("nothing of the input can be read on disk, and it is gone after removal", async () => {
  const secret = Buffer.from("what was typed into the pipe");
  const taken = await spool.take(inPieces(secret, 5));
  const [name] = await readdir(join(folder, "spool"));
  expect((await readFile(join(folder, "spool", name ?? ""))).includes("typed")).toBe(false);
  expect((await stat(join(folder, "spool", name ?? ""))).mode & 0o777).toBe(0o600);
  await taken.remove();
  expect([await readdir(join(folder, "spool")), await readdir(join(folder, "locks"))]).toEqual([[], []]);
});

test("a source that fails leaves nothing behind", async () => {
  const failure = new RangeError("pipe broke");
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield pattern(2 * mebibyte);
    throw failure;
  };
  await expect(spool.take(broken())).rejects.toBe(failure);
  expect(await readdir(join(folder, "spool"))).toEqual([]);
});

test("what is in use is no leftover; what nobody holds is, and can be opened again or removed", async () => {
  const taken = await spool.take(inPieces(pattern(10), 10));
  expect(await spool.leftovers()).toEqual([]);
  expect(await spool.reopen(taken.id)).toBeUndefined();
  await taken[Symbol.asyncDispose]();
  await writeFile(join(folder, "spool", `${"0".repeat(32)}.part`), "half");
  expect(await spool.leftovers()).toEqual(
    [
      { id: "0".repeat(32), whole: false, sealedBytes: 4 },
      { id: taken.id, whole: true, sealedBytes: 32 + 10 + 16 },
    ].sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  const again = await spool.reopen(taken.id);
  expect(again?.size).toBe(10);
  await again?.[Symbol.asyncDispose]();
  for (const { id } of await spool.leftovers()) await spool.remove(id);
  expect(await spool.leftovers()).toEqual([]);
  expect(await spool.reopen(taken.id)).toBeUndefined();
});

test("a spool that was cut, also at a segment's end, changed, or given another name is store/corrupt", async () => {
  const taken = await spool.take(inPieces(pattern(2 * mebibyte + 5), mebibyte));
  await taken[Symbol.asyncDispose]();
  const path = join(folder, "spool", `${taken.id}.spool`);
  const bytes = await readFile(path);
  const segment = mebibyte + 16;
  for (const length of [0, 31, 32, 40, 32 + segment, 32 + 2 * segment, bytes.length - 1]) {
    await writeFile(path, bytes);
    await truncate(path, length);
    await expect(spool.reopen(taken.id), `${length} bytes`).rejects.toMatchObject({ code: "store/corrupt" });
  }
  const changed = Buffer.from(bytes);
  changed[100] = (changed[100] ?? 0) ^ 1;
  await writeFile(path, changed);
  {
    await using opened = await spool.reopen(taken.id);
    await expect(opened?.read(0, 10)).rejects.toMatchObject({ code: "store/corrupt" });
    expect((await opened?.read(mebibyte, 10))?.length).toBe(10);
  }
  await writeFile(path, bytes);
  await copyFile(path, join(folder, "spool", `${"f".repeat(32)}.spool`));
  await expect(spool.reopen("f".repeat(32))).rejects.toMatchObject({ code: "store/corrupt" });
});
