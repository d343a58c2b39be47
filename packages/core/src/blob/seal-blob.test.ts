import { concatBytes, equalBytes } from "@bulla/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  cipher,
  collect,
  freshKey,
  patternBytes,
  primitives,
  sealAll,
  smallSealing,
  sourceOf,
  streamOf,
} from "./blob.fixture.ts";
import { createBlobSalt } from "./blob-key.ts";
import { plaintextRangeOf } from "./blob-plan.ts";
import { sealMessage } from "./message-stream.ts";
import { openChunk, segmentTail } from "./open-blob.ts";
import { type BlobSealing, blobContext, createWorkspace, sealChunk, startSealing } from "./seal-blob.ts";

const salt = createBlobSalt(primitives.random);
const refused = expect.objectContaining({ code: "blob/refused" });
const joined = (parts: readonly Uint8Array[]): Uint8Array => concatBytes(...parts);

async function openAll(sealing: BlobSealing, chunks: readonly Uint8Array[]): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  let before = new Uint8Array(0);
  for (const [i, chunk] of chunks.entries()) {
    const opened = await openChunk(cipher, sealing, i, chunk, before);
    expect(opened.offset).toBe(
      Math.min(
        sealing.plan.size,
        out.reduce((sum, part) => sum + part.length, 0),
      ),
    );
    out.push(opened.plaintext);
    before = new Uint8Array(segmentTail(sealing.plan, i, chunk));
  }
  return joined(out);
}

const sizes = fc.oneof(fc.nat(120_000), fc.constantFrom(0, 1, 16383, 16384, 16385, 32767, 32768, 32769, 49152));
const shapes = fc.record({
  size: sizes,
  zeros: fc.oneof(fc.constant(0), fc.nat(40_000)),
  chunkBytes: fc.oneof(fc.integer({ min: 16456, max: 70_000 }), fc.constantFrom(16456, 32856, 49256)),
});

describe("chunks", () => {
  test("any size, padding and chunk size opens to what was sealed", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ size, zeros, chunkBytes }) => {
        const plaintext = patternBytes(size);
        const sealing = smallSealing(freshKey(), salt, size, size + zeros, chunkBytes);
        const chunks = await sealAll(sealing, plaintext);
        expect(
          chunks.map(({ length }) => length).every((length, i) => length === chunkBytes || i === chunks.length - 1),
        ).toBe(true);
        expect(equalBytes(await openAll(sealing, chunks), plaintext)).toBe(true);
      }),
      { numRuns: 80 },
    );
  });

  test("together they are the one Cobblestone message of the padded plaintext", async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async ({ size, zeros, chunkBytes }) => {
        const key = freshKey();
        const plaintext = patternBytes(size);
        const chunks = await sealAll(smallSealing(key, salt, size, size + zeros, chunkBytes), plaintext);
        const stream = sealMessage(
          { primitives, cipher, inputKey: key, context: blobContext() },
          salt,
          streamOf([plaintext, new Uint8Array(zeros)]),
        );
        expect(equalBytes(joined(chunks), await collect(stream))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test("sealed in any order, at once, in one reused workspace or again, they are the same bytes", async () => {
    const plaintext = patternBytes(300_000);
    const sealing = smallSealing(freshKey(), salt, plaintext.length, 310_000, 20_000);
    const inOrder = await sealAll(sealing, plaintext);
    const atOnce = await Promise.all(inOrder.map((_, i) => sealChunk(cipher, sealing, i, sourceOf(plaintext))));
    expect(atOnce).toEqual(inOrder);
    const workspace = createWorkspace(sealing.plan);
    for (const i of [...inOrder.keys()].reverse())
      expect(await sealChunk(cipher, sealing, i, sourceOf(plaintext), workspace)).toEqual(inOrder[i]);
  });

  test("may be opened alone and in any order, given the tail of the one before", async () => {
    const plaintext = patternBytes(100_000);
    const sealing = smallSealing(freshKey(), salt, plaintext.length, 120_000, 30_000);
    const chunks = await sealAll(sealing, plaintext);
    const out = new Uint8Array(plaintext.length);
    const workspace = createWorkspace(sealing.plan);
    for (const i of [...chunks.keys()].reverse()) {
      const last = chunks[i - 1];
      const before = last === undefined ? new Uint8Array(0) : segmentTail(sealing.plan, i - 1, last);
      const opened = await openChunk(cipher, sealing, i, chunks[i] ?? expect.unreachable(), before, workspace);
      out.set(opened.plaintext, opened.offset);
    }
    expect(out).toEqual(plaintext);
  });

  test("ask the source for no more than the plaintext they need, once", async () => {
    const plaintext = patternBytes(100_000);
    const sealing = smallSealing(freshKey(), salt, plaintext.length, 120_000, 30_000);
    for (let i = 0; i < sealing.plan.chunkCount; i++) {
      const reads: (readonly [number, number])[] = [];
      await sealChunk(cipher, sealing, i, { read: (offset, into) => void reads.push([offset, offset + into.length]) });
      const range = plaintextRangeOf(sealing.plan, i);
      expect(reads).toEqual(range.end > range.start ? [[range.start, range.end]] : []);
    }
  });

  test("a source that fails fails the chunk", async () => {
    const sealing = startSealing(primitives, freshKey(), salt, 100);
    const failing = sealChunk(cipher, sealing, 0, { read: () => Promise.reject(new Error("gone")) });
    await expect(failing).rejects.toThrow("gone");
    await expect(sealChunk(cipher, sealing, 1, sourceOf(patternBytes(100)))).rejects.toThrow(RangeError);
  });
});

describe("opening", () => {
  const plaintext = patternBytes(90_000);
  const sealing = smallSealing(freshKey(), salt, plaintext.length, 100_000, 40_000);

  test("control: the unchanged chunks open", async () => {
    expect(equalBytes(await openAll(sealing, await sealAll(sealing, plaintext)), plaintext)).toBe(true);
  });

  test("a flipped bit anywhere after the header is refused", async () => {
    const chunks = await sealAll(sealing, plaintext);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 56, max: sealing.plan.total - 1 }), fc.nat(7), async (at, bit) => {
        const changed = chunks.map((chunk) => chunk.slice());
        const chunk = changed[Math.floor(at / 40_000)] ?? expect.unreachable();
        chunk[at % 40_000] = (chunk[at % 40_000] ?? 0) ^ (1 << bit);
        await expect(openAll(sealing, changed)).rejects.toEqual(refused);
      }),
      { numRuns: 60 },
    );
  });

  test("padding that is not zero is refused, although it was sealed under the right key", async () => {
    const dirty = smallSealing(freshKey(), salt, 100_000, 100_000, 40_000);
    const chunks = await sealAll(dirty, new Uint8Array([...plaintext, ...new Uint8Array(9_999), 1]));
    const claimed: BlobSealing = { ...dirty, plan: { ...dirty.plan, size: plaintext.length } };
    await expect(openAll(claimed, chunks)).rejects.toEqual(refused);
    const clean = await sealAll(dirty, new Uint8Array([...plaintext, ...new Uint8Array(10_000)]));
    expect(await openAll(claimed, clean)).toHaveLength(plaintext.length);
  });

  test("a chunk or tail of another length is refused", async () => {
    const [first = new Uint8Array(0), second = new Uint8Array(0)] = await sealAll(sealing, plaintext);
    const none = new Uint8Array(0);
    await expect(openChunk(cipher, sealing, 0, first.subarray(1), none)).rejects.toEqual(refused);
    await expect(openChunk(cipher, sealing, 1, second, none)).rejects.toEqual(refused);
    await expect(openChunk(cipher, sealing, 0, first, Uint8Array.of(1))).rejects.toEqual(refused);
  });
});
