import { limits } from "@bulla/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { chunkRange, plaintextRangeOf, planBlob } from "./blob-plan.ts";
import { openedLength, sealedLength } from "./cobblestone.ts";
import { isZero, paddedSize, padme } from "./padding.ts";

const sizes = fc.oneof(
  fc.nat(200_000),
  fc.nat(2 ** 31 - 1),
  fc.maxSafeNat().map((n) => n % 2 ** 39),
);
const totalOf = (size: number): number => sealedLength(paddedSize(size));

test("Padmé gives the lengths of its paper", () => {
  expect([2, 8, 9, 10, 17, 100, 1000, 65536, 65537, 1_000_000].map(padme)).toEqual([
    2, 8, 10, 10, 18, 104, 1024, 65536, 67584, 1_015_808,
  ]);
});

test("a total is the least Padmé length from 64 KiB on that some message has", () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const total = totalOf(size);
      expect(padme(total)).toBe(total);
      expect(total).toBeGreaterThanOrEqual(Math.max(limits.blobFloorBytes, sealedLength(size)));
      const first = padme(Math.max(limits.blobFloorBytes, sealedLength(size)));
      if (total !== first) {
        expect((first - 56) % 16400).toBe(8);
        expect(total).toBe(padme(first + 1));
      }
    }),
    { numRuns: 2000 },
  );
});

test("the one unreachable total below 1 TiB is 64 MiB, and the step past it is taken", () => {
  const unreachable = new Set<number>();
  for (let total = limits.blobFloorBytes; total <= limits.maxBlobBytes; total = padme(total + 1))
    if (openedLength(total) === undefined) unreachable.add(total);
  expect([...unreachable]).toEqual([2 ** 26]);
  expect(padme(sealedLength(67_000_000))).toBe(2 ** 26);
  expect(totalOf(67_000_000)).toBe(2 ** 26 + 2 ** 21);
});

test("a larger blob never has a smaller total", () => {
  fc.assert(
    fc.property(sizes, sizes, (a, b) => totalOf(Math.min(a, b)) <= totalOf(Math.max(a, b))),
    { numRuns: 2000 },
  );
  for (let size = 60_000; size < 140_000; size++) expect(totalOf(size)).toBeLessThanOrEqual(totalOf(size + 1));
});

test("the overhead stays within the bound that is written down", () => {
  fc.assert(
    fc.property(sizes, (size) => {
      const natural = sealedLength(size);
      expect(totalOf(size)).toBeLessThan(Math.max(limits.blobFloorBytes + 1, 1.0625 * natural + 4096));
    }),
    { numRuns: 5000 },
  );
});

test("zeros are told from anything else", () => {
  expect(isZero(new Uint8Array(10))).toBe(true);
  expect(isZero(new Uint8Array(0))).toBe(true);
  for (let i = 0; i < 8; i++) expect(isZero(Uint8Array.of(0, 1 << i, 0))).toBe(false);
});

test("the chunks of a plan cover its ciphertext, and each asks only for plaintext that exists", () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 36).map((size) => ({ size, plan: planBlob(size) })),
      fc.double({ min: 0, max: 1, noNaN: true }),
      ({ size, plan }, where) => {
        const index = Math.min(plan.chunkCount - 1, Math.floor(where * plan.chunkCount));
        const { start, end } = chunkRange(plan, index);
        expect(start).toBe(index * limits.chunkBytes);
        expect(end).toBe(index === plan.chunkCount - 1 ? plan.total : start + limits.chunkBytes);
        expect(end).toBeGreaterThan(start);
        const range = plaintextRangeOf(plan, index);
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
        expect(range.end - range.start).toBeLessThanOrEqual(limits.chunkBytes + 2 * 16384);
      },
    ),
  );
});

test("a blob under 4 MiB of ciphertext is one chunk of exactly its total", () => {
  expect(planBlob(0)).toEqual({
    size: 0,
    paddedSize: 65536 - 56 - 64,
    total: 65536,
    segmentCount: 4,
    chunkBytes: limits.chunkBytes,
    chunkCount: 1,
  });
  expect(planBlob(4_000_000).chunkCount).toBe(1);
  expect(planBlob(4_200_000).chunkCount).toBe(2);
});

test("a blob above the limit is too large, one below is not", () => {
  expect(planBlob(limits.maxBlobBytes - 2 ** 31).total).toBe(limits.maxBlobBytes);
  for (const size of [limits.maxBlobBytes, limits.maxBlobBytes - 1024, Number.MAX_SAFE_INTEGER]) {
    expect(() => planBlob(size)).toThrow(expect.objectContaining({ code: "wire/too-large" }));
  }
  for (const size of [-1, 1.5, Number.NaN, 2 ** 60]) expect(() => planBlob(size)).toThrow(RangeError);
});
