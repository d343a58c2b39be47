import { cborItems, mutationsOf } from "@bulla/testkit/properties";
import { encode as oracleEncode, rfc8949EncodeOptions } from "cborg";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BullaError, isBullaError } from "../errors.ts";
import { bytesOfHex, hexOf } from "./bytes.ts";
import { type Cbor, type CborLimits, decodeCbor, encodeCbor } from "./cbor.ts";

const limits = { maxBytes: 1 << 20, maxDepth: 12 };

/** RFC 8949 Appendix A, the examples inside our profile. */
const examples: readonly (readonly [Cbor, string])[] = [
  [0, "00"],
  [1, "01"],
  [10, "0a"],
  [23, "17"],
  [24, "1818"],
  [25, "1819"],
  [100, "1864"],
  [1000, "1903e8"],
  [1_000_000, "1a000f4240"],
  [1_000_000_000_000, "1b000000e8d4a51000"],
  [false, "f4"],
  [true, "f5"],
  [null, "f6"],
  [new Uint8Array(), "40"],
  [Uint8Array.of(1, 2, 3, 4), "4401020304"],
  ["", "60"],
  ["a", "6161"],
  ["IETF", "6449455446"],
  ['"\\', "62225c"],
  ["\u00fc", "62c3bc"],
  ["\u6c34", "63e6b0b4"],
  ["\ud800\udd51", "64f0908591"],
  [[], "80"],
  [[1, 2, 3], "83010203"],
  [[1, [2, 3], [4, 5]], "8301820203820405"],
  [Array.from({ length: 25 }, (_, i) => i + 1), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"],
];

/** RFC 8949 Appendix A, the examples outside our profile, and spellings that §4.2.1 forbids. */
const refused: readonly (readonly [string, string])[] = [
  ["an integer above 2^53 - 1", "1b0020000000000000"],
  ["the largest 64-bit integer", "1bffffffffffffffff"],
  ["a big number (tag 2)", "c249010000000000000000"],
  ["a negative big number (tag 3)", "c349010000000000000000"],
  ["minus one", "20"],
  ["minus ten", "29"],
  ["minus a thousand", "3903e7"],
  ["a half float", "f90000"],
  ["a half float with an integral value", "f93c00"],
  ["a single float", "fa47c35000"],
  ["a double float", "fb3ff199999999999a"],
  ["infinity", "f97c00"],
  ["not a number", "f97e00"],
  ["undefined", "f7"],
  ["simple value 16", "f0"],
  ["simple value 255", "f8ff"],
  ["false as a two-byte simple value", "f814"],
  ["a tagged date (tag 0)", "c074323031332d30332d32315432303a30343a30305a"],
  ["a tagged time (tag 1)", "c11a514b67b0"],
  ["a tagged byte string (tag 23)", "d74401020304"],
  ["tagged CBOR (tag 24)", "d818456449455446"],
  ["an empty map", "a0"],
  ["a map", "a201020304"],
  ["an array that holds a map", "826161a161626163"],
  ["an indefinite byte string", "5f42010243030405ff"],
  ["an indefinite text", "7f657374726561646d696e67ff"],
  ["an indefinite empty array", "9fff"],
  ["an indefinite array", "9f018202039f0405ffff"],
  ["an indefinite map", "bf61610161629f0203ffff"],
  ["a lone break", "ff"],
  ["a reserved length 28", "1c"],
  ["a reserved length 29", "1d"],
  ["a reserved length 30", "1e"],
  ["23 in two bytes", "1817"],
  ["255 in three bytes", "1900ff"],
  ["65535 in five bytes", "1a0000ffff"],
  ["4294967295 in nine bytes", "1b00000000ffffffff"],
  ["a byte string whose length is not in its shortest form", "580101"],
  ["a text whose length is not in its shortest form", "780161"],
  ["an array whose length is not in its shortest form", "980101"],
  ["text with a lone continuation byte", "6180"],
  ["text with an overlong form", "62c0af"],
  ["text with a surrogate", "63eda080"],
  ["text above U+10FFFF", "64f4908080"],
  ["text cut inside a character", "62e6b0"],
  ["nothing", ""],
  ["an integer cut short", "19"],
  ["a byte string cut short", "4401"],
  ["an array cut short", "8201"],
  ["a byte after the end", "0000"],
  ["an item after the end", "8001"],
];

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? expect.fail("not hex");
const refusalOf = (input: Uint8Array, within: CborLimits = limits): unknown => {
  try {
    return decodeCbor(input, within);
  } catch (error) {
    return isBullaError(error) ? error.code : error;
  }
};

describe("the CBOR profile", () => {
  test.each(examples)("encodes and decodes the RFC 8949 example %#", (value, hex) => {
    expect(hexOf(encodeCbor(value))).toBe(hex);
    expect(decodeCbor(bytesOf(hex), limits)).toEqual(value);
  });

  test("carries the largest safe integer, and refuses to encode a larger, a negative or a broken one", () => {
    expect(hexOf(encodeCbor(Number.MAX_SAFE_INTEGER))).toBe("1b001fffffffffffff");
    expect(decodeCbor(bytesOf("1b001fffffffffffff"), limits)).toBe(Number.MAX_SAFE_INTEGER);
    for (const value of [2 ** 53, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => encodeCbor(value)).toThrow(RangeError);
  });

  test("a byte order mark is part of the text", () => {
    expect(decodeCbor(encodeCbor("\ufeffa"), limits)).toBe("\ufeffa");
  });

  test("text that is not well formed is not encoded, because it would come back as other text", () => {
    expect(() => encodeCbor("\ud800")).toThrow(RangeError);
  });

  test.each(refused)("refuses %s", (_, hex) => {
    expect(refusalOf(bytesOf(hex))).toBe("wire/malformed");
  });

  test("nesting is accepted down to the limit and refused below it, however deep it goes", () => {
    const nested = (depth: number): Uint8Array => new Uint8Array(depth).fill(0x81, 0, depth - 1).fill(0x80, depth - 1);
    expect(refusalOf(nested(8), { maxBytes: 100, maxDepth: 8 })).toBeInstanceOf(Array);
    expect(refusalOf(nested(9), { maxBytes: 100, maxDepth: 8 })).toBe("wire/malformed");
    expect(refusalOf(nested(1_000_000))).toBe("wire/malformed");
  });

  test("an item above the limit is refused as too large, one at the limit is read", () => {
    const item = encodeCbor(new Uint8Array(100));
    expect(refusalOf(item, { ...limits, maxBytes: item.length - 1 })).toBe("wire/too-large");
    expect(refusalOf(item, { ...limits, maxBytes: item.length })).toEqual(new Uint8Array(100));
  });

  test("an item of too many values is refused, one at the limit is read", () => {
    const count = 70_000;
    const one = new Uint8Array(count + 7).fill(0x40);
    one.set([0x82, 0x9a, count >>> 24, (count >> 16) & 255, (count >> 8) & 255, count & 255]);
    one[count + 6] = 0;
    expect(refusalOf(one, { ...limits, maxItems: 70_002 })).toBe("wire/too-large");
    expect(refusalOf(one, { ...limits, maxItems: 70_003 })).toHaveLength(2);
  });

  test("whatever is encoded is decoded to the same value", () => {
    fc.assert(
      fc.property(cborItems, (value) => void expect(decodeCbor(encodeCbor(value), limits)).toEqual(value)),
      { numRuns: 300 },
    );
  });

  test("the bytes are those of an independent encoder in its deterministic mode", () => {
    fc.assert(
      fc.property(
        cborItems,
        (value) => void expect(hexOf(encodeCbor(value))).toBe(hexOf(oracleEncode(value, rfc8949EncodeOptions))),
      ),
      { numRuns: 300 },
    );
  });

  test("changed, cut or longer bytes are refused, or are the one spelling of the value they decode to", () => {
    const inputs = fc.oneof(mutationsOf(cborItems.map(encodeCbor)), fc.uint8Array({ maxLength: 40 }));
    let read = 0;
    fc.assert(
      fc.property(inputs, (input) => {
        let value: Cbor;
        try {
          value = decodeCbor(input, limits);
        } catch (error) {
          expect(error).toBeInstanceOf(BullaError);
          return;
        }
        read++;
        expect(hexOf(encodeCbor(value))).toBe(hexOf(input));
      }),
      { numRuns: 4000 },
    );
    expect(read).toBeGreaterThan(100);
  });

  test("three-byte inputs are refused or are the one spelling of their value", () => {
    const input = new Uint8Array(3);
    let accepted = 0;
    for (let first = 0; first < 256; first++) {
      for (let rest = 0; rest < 65536; rest += 251) {
        input.set([first, rest >> 8, rest & 255]);
        try {
          const again = encodeCbor(decodeCbor(input, limits));
          accepted++;
          if (hexOf(again) !== hexOf(input)) expect.fail(`${hexOf(input)} has another spelling`);
        } catch (error) {
          if (!(error instanceof BullaError)) throw error;
        }
      }
    }
    expect(accepted).toBeGreaterThan(300);
  });
});
