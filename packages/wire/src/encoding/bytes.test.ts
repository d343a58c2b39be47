import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  base64urlOf,
  bytesOfBase64url,
  bytesOfHex,
  concatBytes,
  equalBytes,
  hexOf,
  textOf,
  uintBytes,
  utf8,
} from "./bytes.ts";

/** base64url by the platform's own base64. */
const oracle = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

describe("base64url", () => {
  // RFC 4648 §10, without padding.
  test.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("writes and reads the RFC 4648 vector %j", (plain, encoded) => {
    expect(base64urlOf(utf8(plain))).toBe(encoded);
    expect(bytesOfBase64url(encoded)).toEqual(utf8(plain));
  });

  test("agrees with the platform's encoder for all bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void expect(base64urlOf(bytes)).toBe(oracle(bytes))),
    );
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        (bytes) => void expect(bytesOfBase64url(base64urlOf(bytes))).toEqual(bytes),
      ),
    );
  });

  test("text is the one spelling of its bytes or is refused", () => {
    const texts = fc.string({ unit: fc.constantFrom(..."ABYZaz059-_+/= \n\u00e9\u{1f600}"), maxLength: 12 });
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = bytesOfBase64url(text);
        if (bytes !== undefined) expect(base64urlOf(bytes)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(["Zg==", "Zh", "Zm9", "A", "Zm9vY", "+_Zm", "Zm/v", " Zg", "Zg\n", "\u{1f600}"])("refuses %j", (text) => {
    expect(bytesOfBase64url(text)).toBeUndefined();
  });
});

describe("hex", () => {
  test("round trips", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void expect(bytesOfHex(hexOf(bytes))).toEqual(bytes)),
    );
    expect(hexOf(Uint8Array.of(0, 1, 0xab, 0xff))).toBe("0001abff");
  });

  test.each(["0", "AB", "0x12", "zz", "12 ", "1\n", "\uff11\uff12"])("refuses %j", (text) => {
    expect(bytesOfHex(text)).toBeUndefined();
  });
});

describe("unsigned integers of a fixed length", () => {
  test("are big-endian", () => {
    expect(hexOf(uintBytes(0, 4))).toBe("00000000");
    expect(hexOf(uintBytes(0x01020304, 4))).toBe("01020304");
    expect(hexOf(uintBytes(Number.MAX_SAFE_INTEGER, 8))).toBe("001fffffffffffff");
    expect(hexOf(uintBytes(0xffff, 2))).toBe("ffff");
  });

  test.each([
    [256, 1],
    [0x10000, 2],
    [-1, 4],
    [1.5, 4],
    [2 ** 53, 8],
    [Number.NaN, 4],
    [Number.POSITIVE_INFINITY, 8],
  ])("%d does not fit %d bytes", (value, length) => {
    expect(() => uintBytes(value, length)).toThrow(RangeError);
  });
});

describe("bytes", () => {
  test("equality holds for the same bytes and for nothing else", () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array(),
        (a, b) => void expect(equalBytes(a, b)).toBe(hexOf(a) === hexOf(b)),
      ),
    );
    fc.assert(fc.property(fc.uint8Array(), (a) => void expect(equalBytes(a, a.slice())).toBe(true)));
    expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false);
  });

  test("joining keeps the order", () => {
    expect(concatBytes(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
  });

  test("text that is not UTF-8 is refused", () => {
    expect(textOf(utf8("\ufeffgrün"))).toBe("\ufeffgrün");
    expect(() => textOf(Uint8Array.of(0xff))).toThrow(TypeError);
  });
});
