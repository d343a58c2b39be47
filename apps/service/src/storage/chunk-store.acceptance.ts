import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Acceptance } from "./acceptance.ts";
import type { ChunkStore } from "./chunk-store.ts";

const hashOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());

async function store(chunks: ChunkStore, bytes: Uint8Array, hash: Uint8Array = hashOf(bytes)): Promise<boolean> {
  await using writer = await chunks.create();
  // Copies, because what is written is given away.
  for (let at = 0; at < bytes.length; at += 65_536)
    await writer.write(Uint8Array.from(bytes.subarray(at, at + 65_536)));
  return await writer.keep(hash);
}

async function load(chunks: ChunkStore, hash: Uint8Array): Promise<Buffer | undefined> {
  await using chunk = await chunks.open(hash);
  return chunk === undefined ? undefined : Buffer.concat(await gather(chunk.read()));
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const gathered: T[] = [];
  for await (const item of items) gathered.push(item);
  return gathered;
}

async function count(chunks: ChunkStore): Promise<number> {
  return (await gather(chunks.list())).length;
}

/** What every adapter of `ChunkStore` promises. */
export const chunkStorePromises: readonly Acceptance<ChunkStore>[] = [
  {
    promise: "what was kept comes back, however long, and is listed until it is removed",
    async hold(chunks) {
      for (const size of [1, 65_536, 3_000_001]) {
        const bytes = randomBytes(size);
        strictEqual(await store(chunks, bytes), true);
        strictEqual(await store(chunks, bytes), true);
        strictEqual(Buffer.compare((await load(chunks, hashOf(bytes))) ?? Buffer.of(), bytes), 0);
        deepStrictEqual(await gather(chunks.list()), [hashOf(bytes)]);
        chunks.remove(hashOf(bytes));
        chunks.remove(hashOf(bytes));
        strictEqual(await load(chunks, hashOf(bytes)), undefined);
      }
    },
  },
  {
    promise: "nothing is kept under a wrong hash, nor of what was given up",
    async hold(chunks) {
      const bytes = randomBytes(2_000_000);
      strictEqual(await store(chunks, bytes, hashOf(randomBytes(1))), false);
      const writer = await chunks.create();
      await writer.write(Uint8Array.from(bytes));
      await writer[Symbol.asyncDispose]();
      strictEqual(await count(chunks), 0);
      strictEqual(await load(chunks, hashOf(bytes)), undefined);
    },
  },
];
