import process from "node:process";
import { describe, expect, test } from "vitest";
import { isBullaError } from "../errors.ts";
import { bytesOfHex } from "./bytes.ts";
import { decodeCbor } from "./cbor.ts";

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? expect.fail("not hex");

/** The code of the refusal. */
function refusalOf(bytes: Uint8Array, maxBytes = 1 << 20): string {
  try {
    decodeCbor(bytes, { maxBytes, maxDepth: 12 });
    return "read";
  } catch (error) {
    return isBullaError(error) ? error.code : String(error);
  }
}

// Only Node says how much memory is in use.
describe("memory", () => {
  test.each([
    ["a byte string", "5b001fffffffffffff"],
    ["a byte string of 4 GiB", "5affffffff"],
    ["a text", "7b001fffffffffffff"],
    ["an array", "9b001fffffffffffff"],
    ["an array of 4 Gi", "9affffffff"],
  ])("refuses %s of a huge claimed length at once, without making room for it", (_, hex) => {
    const before = process.memoryUsage();
    for (let i = 0; i < 100; i++) expect(refusalOf(bytesOf(hex))).toBe("wire/malformed");
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
  });

  test("an item of too many values is refused before they fill the memory", () => {
    const count = 5 * 1024 * 1024;
    for (const byte of [0x00, 0x40, 0x60, 0x80]) {
      const flood = new Uint8Array(count + 5).fill(byte);
      flood.set([0x9a, count >>> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255]);
      const before = process.memoryUsage().heapUsed;
      expect(refusalOf(flood, flood.length)).toBe("wire/too-large");
      expect(process.memoryUsage().heapUsed - before).toBeLessThan(100 * 1024 * 1024);
    }
  });
});
