import { planBlob } from "@bulla/core";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { packFiles } from "./pack-files.ts";

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test("every file is in exactly one blob, and shared blobs are of one chunk", () => {
  const sizes = fc.oneof(fc.nat(5000), fc.nat(3_000_000), fc.constant(0), fc.nat(2 ** 33));
  fc.assert(
    fc.property(fc.array(sizes, { maxLength: 400 }), (files) => {
      const counts = packFiles(files);
      expect(sum(counts)).toBe(files.length);
      let first = 0;
      for (const count of counts) {
        const held = files.slice(first, first + count);
        first += count;
        if (count > 1) expect(planBlob(sum(held)).chunkCount).toBe(1);
        if (files.length <= 64) expect(count).toBe(1);
      }
    }),
  );
});

test("many small files share few blobs", () => {
  expect(packFiles(Array.from({ length: 10_000 }, () => 1000)).length).toBeLessThan(5);
});
