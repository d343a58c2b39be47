import { equalBytes, hexOf, limits } from "@bulla/wire";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  cipher,
  collect,
  freshKey,
  patternBytes,
  primitives,
  refOf,
  runningHash,
  sealAll,
  streamOf,
} from "./blob.fixture.ts";
import { blobKeyOf, createBlobSalt } from "./blob-key.ts";
import { type BlobReader, createBlobReader } from "./blob-reader.ts";
import { type BlobRef, chunkRoot, verifyBlobRef } from "./blob-ref.ts";
import { openBlob } from "./read-blob.ts";
import { startSealing } from "./seal-blob.ts";

const refused = expect.objectContaining({
  code: "blob/refused",
  message: "blob was refused: wrong key or changed bytes",
});

interface Sealed {
  readonly plaintext: Uint8Array;
  readonly ref: BlobRef;
  readonly chunks: readonly Uint8Array[];
}

async function seal(size: number, seed: number, key = freshKey()): Promise<Sealed> {
  const plaintext = patternBytes(size, seed);
  const chunks = await sealAll(startSealing(primitives, key, createBlobSalt(primitives.random), size), plaintext);
  return { plaintext, ref: refOf(key, plaintext, chunks), chunks };
}

const open = (ref: BlobRef, chunks: readonly Uint8Array[]): Promise<Uint8Array> =>
  collect(openBlob({ primitives, cipher, ref }, streamOf(chunks), runningHash()));
/** The reference a liar would write: everything in it agrees with the chunks he serves. */
const relisted = (ref: BlobRef, chunks: readonly Uint8Array[]): BlobRef => {
  const hashes = chunks.map((chunk) => primitives.sha256(chunk));
  return { ...ref, chunks: hashes, root: chunkRoot(primitives, hashes) };
};
const without = <T>(items: readonly T[], index: number): T[] => items.filter((_, i) => i !== index);

let big: Sealed;
let other: Sealed;
let small: Sealed;
beforeAll(async () => {
  const key = freshKey();
  big = await seal(9_000_000, 1, key);
  other = await seal(9_000_000, 2, key);
  small = await seal(1000, 3);
});

describe("openBlob", () => {
  test("gives back what was sealed, around every boundary of chunks", async () => {
    for (const size of [0, 1, 65_416, 65_417, 4_190_000, 4_194_304, 4_300_000]) {
      const { plaintext, ref, chunks } = await seal(size, size + 1);
      expect(equalBytes(await open(ref, chunks), plaintext), `${size}`).toBe(true);
    }
    expect(big.chunks.map(({ length }) => length)).toEqual([
      limits.chunkBytes,
      limits.chunkBytes,
      big.chunks[2]?.length,
    ]);
    expect(equalBytes(await open(big.ref, big.chunks), big.plaintext)).toBe(true);
  });

  const surgeries: readonly (readonly [string, (chunks: readonly Uint8Array[]) => Uint8Array[]])[] = [
    ["reordered", ([a, b, c]) => [b, a, c].flatMap((chunk) => chunk ?? [])],
    ["dropped at the start", (chunks) => without(chunks, 0)],
    ["dropped in the middle", (chunks) => without(chunks, 1)],
    ["dropped at the end", (chunks) => without(chunks, 2)],
    ["duplicated", (chunks) => chunks.flatMap((chunk, i) => (i === 1 ? [chunk, chunk] : [chunk]))],
    ["put in place of another", (chunks) => chunks.map((chunk, i) => (i === 1 ? (chunks[0] ?? chunk) : chunk))],
    ["truncated", (chunks) => chunks.map((chunk, i) => (i === 2 ? chunk.subarray(0, -1) : chunk))],
    [
      "truncated to whole segments",
      (chunks) => chunks.map((chunk, i) => (i === 2 ? chunk.subarray(0, -16400) : chunk)),
    ],
    ["appended to", (chunks) => chunks.map((chunk, i) => (i === 2 ? new Uint8Array([...chunk, 0]) : chunk))],
    ["followed by another", (chunks) => [...chunks, new Uint8Array(100)]],
    [
      "spliced from another blob under the same key",
      (chunks) => chunks.map((chunk, i) => (i === 1 ? (other.chunks[1] ?? chunk) : chunk)),
    ],
  ];
  for (const [name, cut] of surgeries) {
    test(`chunks that were ${name} are refused, also when the reference's hashes agree with them`, async () => {
      const chunks = cut(big.chunks);
      await expect(open(big.ref, chunks)).rejects.toEqual(refused);
      await expect(open(relisted(big.ref, chunks), chunks)).rejects.toEqual(refused);
    });
  }

  test("a flipped bit in any region is refused, also when the hashes agree with it", async () => {
    const total = 65536;
    for (const at of [0, 23, 24, 55, 56, 1000, 16455, 16456, 40_000, total - 17, total - 16, total - 1]) {
      const chunk = (small.chunks[0] ?? expect.unreachable()).slice();
      chunk[at] = (chunk[at] ?? 0) ^ 1;
      await expect(open(small.ref, [chunk]), `${at}`).rejects.toEqual(refused);
      await expect(open(relisted(small.ref, [chunk]), [chunk]), `${at}`).rejects.toEqual(refused);
    }
  });

  test("another key, size, plaintext hash, root or scheme is refused with the same words", async () => {
    const { ref, chunks } = small;
    const lies: readonly Partial<BlobRef>[] = [
      { key: freshKey() },
      { size: 999 },
      { size: 1001 },
      { size: 70_000 },
      { plaintextHash: ref.root },
      { root: ref.plaintextHash },
      { scheme: 2 },
    ];
    for (const lie of lies) await expect(open({ ...ref, ...lie }, chunks)).rejects.toEqual(refused);
    expect(await open(ref, chunks)).toEqual(small.plaintext);
  });
});

describe("createBlobReader", () => {
  const readerOf = ({ ref, chunks }: Sealed, fetched: number[] = []): BlobReader =>
    createBlobReader({
      primitives,
      cipher,
      ref,
      fetchChunk: async (index) => {
        fetched.push(index);
        return chunks[index] ?? expect.unreachable();
      },
    });

  test("every range equals the slice of the plaintext", async () => {
    const reader = readerOf(big);
    const offsets = fc.oneof(
      fc.nat(9_000_100),
      fc.constantFrom(0, 4_190_207, 4_190_208, 4_194_303, 8_388_000, 8_999_999, 9_000_000),
    );
    await fc.assert(
      fc.asyncProperty(offsets, fc.oneof(fc.nat(50_000), fc.nat(5_000_000)), async (offset, length) => {
        const expected = big.plaintext.subarray(offset, offset + length);
        expect(equalBytes(await reader.read(offset, length), expected)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("a seek fetches the first and the last chunk once and then only what it needs", async () => {
    const fetched: number[] = [];
    const reader = readerOf(big, fetched);
    await reader.read(5_000_000, 10);
    await reader.read(5_000_010, 10);
    expect(fetched).toEqual([0, 2, 1]);
  });

  test("a reference whose end was cut off is refused before anything is read", async () => {
    const chunks = big.chunks.slice(0, 2);
    const cut: Sealed = { ...big, chunks, ref: { ...relisted(big.ref, chunks), size: 8_000_000 } };
    await expect(readerOf(cut).read(0, 10)).rejects.toEqual(refused);
  });

  test("a chunk with other bytes is refused, and asked for again the next time", async () => {
    let lie = true;
    const reader = createBlobReader({
      primitives,
      cipher,
      ref: small.ref,
      fetchChunk: async () => (lie ? new Uint8Array(65536) : (small.chunks[0] ?? expect.unreachable())),
    });
    await expect(reader.read(0, 10)).rejects.toEqual(refused);
    lie = false;
    expect(await reader.read(990, 100)).toEqual(small.plaintext.subarray(990));
  });
});

describe("a reference", () => {
  test("that holds together is taken", () => {
    expect(verifyBlobRef(primitives, big.ref)).toEqual(big.ref);
  });

  test("the root covers number, order and content of the chunks", () => {
    const [a, b] = [primitives.sha256(Uint8Array.of(1)), primitives.sha256(Uint8Array.of(2))];
    const roots = [[], [a], [b], [a, b], [b, a], [a, a]].map((chunks) => hexOf(chunkRoot(primitives, chunks)));
    expect(new Set(roots).size).toBe(roots.length);
    expect(() => chunkRoot(primitives, [new Uint8Array(31)])).toThrow(refused);
  });

  test("a key of another length is no blob key", () => {
    expect(() => blobKeyOf(new Uint8Array(31))).toThrow(refused);
  });
});
