import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type BlobSealing,
  chunkRoot,
  createBlobKey,
  createBlobSalt,
  createSegmentCipher,
  openBlob,
  sealChunk,
  segmentTail,
  startOpening,
  startSealing,
} from "@bulla/core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PlaintextSource, SourcePart } from "../../ports.ts";
import { createPlaintextSource } from "../../transfers/plaintext-source.ts";
import { createNodePrimitives } from "./crypto/primitives.ts";
import { SealPool } from "./seal-pool.ts";
import { createNodeSegmentCipher } from "./worker/segment-cipher.ts";

const primitives = createNodePrimitives();
const key = createBlobKey(primitives.random);
const salt = createBlobSalt(primitives.random);
const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let folder: string;
let plaintext: Uint8Array;
let parts: readonly SourcePart[];
let source: PlaintextSource;
let sealing: BlobSealing;
let pool: SealPool;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "bulla-seal-pool-"));
  plaintext = new Uint8Array(randomBytes(11_000_000));
  const file = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  // One blob from a part of a file, bytes in memory, a small file, an empty one and the rest.
  parts = [
    {
      kind: "file",
      path: file("a", new Uint8Array([1, 2, 3, ...plaintext.subarray(0, 5_000_000), 4])),
      offset: 3,
      length: 5_000_000,
    },
    { kind: "bytes", bytes: plaintext.subarray(5_000_000, 5_000_100) },
    { kind: "file", path: file("b", plaintext.subarray(5_000_100, 5_000_101)), offset: 0, length: 1 },
    { kind: "file", path: file("c", new Uint8Array(0)), offset: 0, length: 0 },
    { kind: "file", path: file("d", plaintext.subarray(5_000_101)), offset: 0, length: 5_999_899 },
  ];
  source = createPlaintextSource(parts);
  sealing = startSealing(primitives, key, salt, plaintext.length);
  pool = new SealPool({ workers: 2 });
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function sealAll(
  with_: SealPool = pool,
): Promise<{ readonly chunks: readonly Uint8Array[]; readonly hashes: readonly Uint8Array[] }> {
  const sealed = await Promise.all(
    Array.from({ length: sealing.plan.chunkCount }, async (_, i) => {
      using chunk = await with_.sealChunk(sealing, i, source);
      return { chunk: new Uint8Array(chunk.bytes), hash: chunk.hash };
    }),
  );
  return { chunks: sealed.map(({ chunk }) => chunk), hashes: sealed.map(({ hash }) => hash) };
}

test("the segment cipher on node:crypto seals and opens as the portable one does", async () => {
  const [node, portable] = [createNodeSegmentCipher(), createSegmentCipher(primitives)];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(100_000), fc.constantFrom(0, 16384, 32768)),
      fc.nat(2 ** 31 - 1),
      fc.boolean(),
      async (size, first, ends) => {
        const bytes = plaintext.subarray(0, ends ? size : size - (size % 16384));
        const segments = Math.floor(bytes.length / 16384) + (ends ? 1 : 0);
        const [a, b] = [new Uint8Array(bytes.length + 16 * segments), new Uint8Array(bytes.length + 16 * segments)];
        await node.sealSegments(sealing.keys, first, bytes, a);
        await portable.sealSegments(sealing.keys, first, bytes, b);
        expect(Buffer.from(a).equals(b)).toBe(true);
        const opened = new Uint8Array(bytes.length);
        expect(await node.openSegments(sealing.keys, first, a, opened)).toBe(true);
        expect(Buffer.from(opened).equals(bytes)).toBe(true);
        if (segments === 0) return;
        a[a.length - 1] = (a[a.length - 1] ?? 0) ^ 1;
        expect(await node.openSegments(sealing.keys, first, a, opened)).toBe(false);
        expect(await portable.openSegments(sealing.keys, first, a, opened)).toBe(false);
      },
    ),
    { numRuns: 40 },
  );
});

test("a slice of a source is the slice of what its parts hold", () => {
  const pieces: readonly SourcePart[] = Array.from({ length: 50 }, (_, i) => ({
    kind: "bytes",
    bytes: plaintext.subarray(i * 10, i * 10 + (i % 11)),
  }));
  const whole = Buffer.concat(pieces.map((part) => (part.kind === "bytes" ? part.bytes : expect.unreachable())));
  const joined = createPlaintextSource(pieces);
  expect(joined.size).toBe(whole.length);
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(whole.length), (a, b) => {
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const slice = Buffer.concat(
        joined.slice(start, end).map((part) => (part.kind === "bytes" ? part.bytes : expect.unreachable())),
      );
      expect(slice.equals(whole.subarray(start, end))).toBe(true);
    }),
  );
});

describe("sealing and opening", () => {
  test("in parallel gives the bytes that one thread gives", async () => {
    const { chunks, hashes } = await sealAll();
    const inMemory = {
      read: (offset: number, into: Uint8Array): void => into.set(plaintext.subarray(offset, offset + into.length)),
    };
    for (const [i, chunk] of chunks.entries()) {
      expect(Buffer.from(await sealChunk(createNodeSegmentCipher(), sealing, i, inMemory)).equals(chunk)).toBe(true);
      expect(sha256(chunk)).toEqual(hashes[i]);
    }
    expect(chunks.length).toBe(3);
  });

  test("gives the plaintext back, chunk by chunk in any order", async () => {
    const { chunks, hashes } = await sealAll();
    const opening = startOpening(primitives, key, plaintext.length, chunks[0] ?? expect.unreachable());
    const tails = [new Uint8Array(0), ...chunks.map((chunk, i) => segmentTail(sealing.plan, i, chunk))];
    const out = new Uint8Array(plaintext.length);
    await Promise.all(
      [2, 0, 1].map(async (index) => {
        const chunk = chunks[index] ?? expect.unreachable();
        // The first chunk comes in memory of its own, the others in memory of the pool.
        using room = pool.borrowRoom();
        room.bytes.set(chunk);
        using opened = await pool.openChunk({
          opening,
          index,
          chunk: index === 0 ? chunk : room.bytes.subarray(0, chunk.length),
          before: tails[index] ?? expect.unreachable(),
          hash: hashes[index] ?? expect.unreachable(),
        });
        out.set(opened.bytes, opened.offset);
      }),
    );
    expect(Buffer.from(out).equals(plaintext)).toBe(true);
  });

  test("tells a chunk of another hash from one that does not open", async () => {
    const { chunks, hashes } = await sealAll();
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = chunks;
    const opening = startOpening(primitives, key, plaintext.length, first);
    const none = new Uint8Array(0);
    await expect(
      pool.openChunk({ opening, index: 0, chunk: new Uint8Array(first), before: none, hash: hashes[1] ?? none }),
    ).rejects.toEqual(code("blob/missing-chunk"));
    await expect(
      pool.openChunk({ opening, index: 0, chunk: new Uint8Array(second), before: none, hash: hashes[1] ?? none }),
    ).rejects.toEqual(code("blob/refused"));
    using opened = await pool.openChunk({
      opening,
      index: 0,
      chunk: new Uint8Array(first),
      before: none,
      hash: hashes[0] ?? none,
    });
    expect(opened.bytes.length).toBeGreaterThan(0);
  });

  test("what the pool seals opens with the portable reader", async () => {
    const { chunks, hashes } = await sealAll();
    const ref = {
      scheme: 1,
      key,
      size: plaintext.length,
      plaintextHash: await pool.hashSource(source),
      root: chunkRoot(primitives, hashes),
      chunks: hashes,
    };
    const hash = createHash("sha256");
    const out: Uint8Array[] = [];
    async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
      yield* chunks;
    }
    const running = {
      update: (bytes: Uint8Array): void => void hash.update(bytes),
      digest: (): Uint8Array => new Uint8Array(hash.digest()),
    };
    for await (const piece of openBlob({ primitives, cipher: createNodeSegmentCipher(), ref }, stream(), running))
      out.push(piece.slice());
    expect(Buffer.concat(out).equals(plaintext)).toBe(true);
  });

  test("the hash of a source is that of its parts together", async () => {
    expect(await pool.hashSource(source)).toEqual(sha256(plaintext));
    expect(await pool.hashSource(createPlaintextSource([]))).toEqual(sha256(new Uint8Array(0)));
  });
});

describe("failures", () => {
  const blobOf = (size: number, path: string): { readonly sealing: BlobSealing; readonly source: PlaintextSource } => ({
    sealing: startSealing(primitives, createBlobKey(primitives.random), salt, size),
    source: createPlaintextSource([{ kind: "file", path, offset: 0, length: size }]),
  });

  test("a source that got shorter has changed", async () => {
    const path = join(folder, "shrinking");
    writeFileSync(path, plaintext.subarray(0, 1000));
    const blob = blobOf(1000, path);
    truncateSync(path, 999);
    await expect(pool.sealChunk(blob.sealing, 0, blob.source)).rejects.toEqual(code("blob/source-changed"));
    await expect(pool.hashSource(blob.source)).rejects.toEqual(code("blob/source-changed"));
  });

  test("a source that cannot be read is said to be so, without its name", async () => {
    const blob = blobOf(1000, join(folder, "secret-name"));
    await expect(pool.sealChunk(blob.sealing, 0, blob.source)).rejects.toMatchObject({
      code: "transfer/source-unreadable",
      message: "a source file cannot be read: ENOENT",
    });
    await expect(
      pool.hashSource(createPlaintextSource([{ kind: "file", path: folder, offset: 0, length: 5 }])),
    ).rejects.toEqual(code("transfer/source-unreadable"));
  });

  test("an aborted job fails with the reason, also while it runs, and its buffer comes back", async () => {
    await using small = new SealPool({ workers: 1, buffers: 1 });
    await expect(small.sealChunk(sealing, 0, source, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow(
      "no",
    );
    const controller = new AbortController();
    const running = [
      small.sealChunk(sealing, 0, source, { signal: controller.signal }),
      small.sealChunk(sealing, 1, source, { signal: controller.signal }),
      small.hashSource(source, { signal: controller.signal }),
    ];
    const settled = Promise.allSettled(running);
    controller.abort(new Error("enough"));
    for (const outcome of await settled)
      expect(outcome).toMatchObject({ status: "rejected", reason: { message: "enough" } });
    using chunk = await small.sealChunk(sealing, 0, source);
    expect(sha256(chunk.bytes)).toEqual(chunk.hash);
  });

  test("no more results are held than there are buffers", async () => {
    await using small = new SealPool({ workers: 2, buffers: 1 });
    const first = await small.sealChunk(sealing, 0, source);
    let done = false;
    const second = small.sealChunk(sealing, 1, source).then((chunk) => {
      done = true;
      chunk.release();
    });
    await small.hashSource(source);
    expect(done).toBe(false);
    first.release();
    first.release();
    await second;
  });

  test("a worker that dies fails its job, and the next job gets a new one", async () => {
    const entry = join(folder, "dying-worker.mjs");
    writeFileSync(
      entry,
      `import { parentPort } from "node:worker_threads"; parentPort.on("message", ({ id, job }) => { if (job.parts.length > 0) process.exit(7); parentPort.postMessage({ kind: "hashed", id, hash: new Uint8Array(32) }); });`,
    );
    await using dying = new SealPool({ workers: 1, entry: pathToFileURL(entry) });
    await expect(dying.hashSource(source)).rejects.toMatchObject({
      code: "internal/bug",
      message: "a sealing worker ended with code 7",
    });
    expect(await dying.hashSource(createPlaintextSource([]))).toHaveLength(32);
    await using absent = new SealPool({ workers: 1, entry: pathToFileURL(join(folder, "absent.mjs")) });
    await expect(absent.hashSource(source)).rejects.toEqual(code("internal/bug"));
  });

  test("an idle pool does not keep its process alive, a working one does", () => {
    const script = `
      import { createPlaintextSource } from ${JSON.stringify(new URL("../../transfers/plaintext-source.ts", import.meta.url).href)};
      import { SealPool } from ${JSON.stringify(new URL("./seal-pool.ts", import.meta.url).href)};
      const pool = new SealPool({ workers: 1 });
      const source = createPlaintextSource([{ kind: "file", path: ${JSON.stringify(join(folder, "a"))}, offset: 0, length: 3 }]);
      pool.hashSource(source).then((hash) => console.log(Buffer.from(hash).toString("hex")));`;
    const { stdout, status } = spawnSync(
      process.execPath,
      ["--conditions=@bulla/source", "--input-type=module", "--eval", script],
      { encoding: "utf8", timeout: 15_000 },
    );
    expect({ stdout, status }).toEqual({
      stdout: `${Buffer.from(sha256(Uint8Array.of(1, 2, 3))).toString("hex")}\n`,
      status: 0,
    });
  });

  test("a closed pool takes no jobs, and ends those it has", async () => {
    const closing = new SealPool({ workers: 1 });
    const open = Promise.allSettled([closing.hashSource(source), closing.sealChunk(sealing, 0, source)]);
    await closing[Symbol.asyncDispose]();
    for (const outcome of await open)
      expect(outcome).toMatchObject({ status: "rejected", reason: { code: "internal/bug" } });
    await expect(closing.hashSource(source)).rejects.toEqual(code("internal/bug"));
  });
});
