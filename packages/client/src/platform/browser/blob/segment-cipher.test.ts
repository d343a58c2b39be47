import { createPrimitives } from "@bulla/client/crypto";
import { createSegmentCipher } from "@bulla/core";
import { flipBit } from "@bulla/testkit/properties";
import { equalBytes } from "@bulla/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createBrowserSegmentCipher } from "./segment-cipher.ts";

const primitives = createPrimitives();
const [ours, portable] = [createBrowserSegmentCipher(), createSegmentCipher(primitives)];
const keys = { key: primitives.random(32), baseNonce: primitives.random(12) };
const segment = 16384;

test("runs of segments are sealed and opened as the portable cipher does it", async () => {
  const sizes = fc.oneof(fc.nat(40 * segment), fc.constantFrom(0, segment - 1, segment, 33 * segment));
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(2 ** 37), fc.boolean(), async (size, first, ends) => {
      fc.pre(ends || (size > 0 && size % segment === 0));
      const plaintext = new Uint8Array(size).map((_, i) => i * 7);
      const length = size + 16 * (Math.floor(size / segment) + (ends ? 1 : 0));
      const [a, b] = [new Uint8Array(length), new Uint8Array(length)];
      await ours.sealSegments(keys, first, plaintext, a);
      await portable.sealSegments(keys, first, plaintext, b);
      expect(equalBytes(a, b)).toBe(true);
      const opened = new Uint8Array(size);
      expect(await ours.openSegments(keys, first, a, opened)).toBe(true);
      expect(equalBytes(opened, plaintext)).toBe(true);
      expect(await ours.openSegments(keys, first + 1, a, opened)).toBe(false);
    }),
    { numRuns: 30 },
  );
});

test("one flipped bit in any segment opens nothing", async () => {
  const plaintext = new Uint8Array(3 * segment + 5);
  const sealed = new Uint8Array(plaintext.length + 4 * 16);
  await ours.sealSegments(keys, 0, plaintext, sealed);
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
      expect(await ours.openSegments(keys, 0, flipBit(sealed, bit), new Uint8Array(plaintext.length))).toBe(false);
    }),
    { numRuns: 60 },
  );
});
