import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isBullaError } from "../errors.ts";
import { encodeCbor } from "./cbor.ts";
import {
  bytes,
  type Codec,
  decode,
  encode,
  flag,
  list,
  nullable,
  refine,
  struct,
  text,
  uint,
  variant,
  version,
} from "./codec.ts";

const limits = { maxBytes: 4096 };

interface Case {
  readonly name: string;
  readonly codec: Codec<unknown>;
  readonly fits: readonly unknown[];
  /** Refused when decoding and when encoding. */
  readonly unfit: readonly unknown[];
  /** Items of another type: refused when decoding. */
  readonly foreign: readonly Parameters<typeof encodeCbor>[0][];
}

const cases: readonly Case[] = [
  { name: "uint", codec: uint(100), fits: [0, 100], unfit: [101], foreign: ["1", null, [1], true] },
  {
    name: "bytes of one length",
    codec: bytes(2),
    fits: [Uint8Array.of(1, 2)],
    unfit: [Uint8Array.of(1), Uint8Array.of(1, 2, 3)],
    foreign: ["ab", 2, [1, 2]],
  },
  {
    name: "bytes of a range",
    codec: bytes({ min: 1, max: 2 }),
    fits: [Uint8Array.of(1), Uint8Array.of(1, 2)],
    unfit: [new Uint8Array(), new Uint8Array(3)],
    foreign: ["a", null],
  },
  {
    name: "text",
    codec: text(3, 1),
    fits: ["a", "abc", "\u6c34"],
    unfit: ["", "abcd", "\u6c34a"],
    foreign: [Uint8Array.of(97), 1, null],
  },
  { name: "flag", codec: flag, fits: [true, false], unfit: [], foreign: [0, 1, null, "true"] },
  { name: "nullable", codec: nullable(uint(1)), fits: [null, 0, 1], unfit: [2], foreign: [false, ""] },
  {
    name: "list",
    codec: list(uint(1), 2),
    fits: [[], [0], [0, 1]],
    unfit: [[0, 0, 0], [2]],
    foreign: [0, null, "", Uint8Array.of(0)],
  },
  {
    name: "struct",
    codec: struct({ a: uint(1), b: flag }),
    fits: [{ a: 1, b: true }],
    unfit: [{ a: 2, b: true }],
    foreign: [[1], [1, true, 0], [true, 1], [], null],
  },
  {
    name: "variant",
    codec: variant({ one: [1, struct({ a: uint(1) })], two: [2, struct({})] }),
    fits: [{ kind: "one", a: 1 }, { kind: "two" }],
    unfit: [{ kind: "three" }],
    foreign: [[3, []], [1], [1, [1], 0], ["one", [1]], [1, []], [2, [0]], 1, null],
  },
  {
    name: "refined",
    codec: refine(uint(10), "even", (value) => value % 2 === 0),
    fits: [0, 10],
    unfit: [1, 12],
    foreign: [3, "2"],
  },
];

describe.each(cases)("$name", ({ codec, fits, unfit, foreign }) => {
  test("carries what fits", () => {
    for (const value of fits) expect(decode(codec, encode(codec, value), limits)).toEqual(value);
  });

  test("a value that does not fit is a bug of the caller", () => {
    for (const value of unfit) expect(() => encode(codec, value)).toThrow(RangeError);
  });

  test("an item of another type or range is malformed", () => {
    const items = [
      ...foreign,
      ...unfit.filter((value) => typeof value === "number" || typeof value === "string" || value instanceof Uint8Array),
    ];
    for (const item of items) {
      expect(() => codec.fromCbor(item, "place")).toThrow(expect.objectContaining({ code: "wire/malformed" }));
    }
  });
});

describe("codecs", () => {
  test("another version has a code of its own", () => {
    const codec = struct({ version: version(1), a: uint() });
    expect(decode(codec, encodeCbor([1, 5]), limits)).toEqual({ version: 1, a: 5 });
    expect(() => decode(codec, encodeCbor([2, 5]), limits)).toThrow(
      expect.objectContaining({ code: "wire/unsupported-version" }),
    );
  });

  test("an item above the caller's limit is too large", () => {
    expect(() => decode(text(100), encode(text(100), "abcdef"), { maxBytes: 5 })).toThrow(
      expect.objectContaining({ code: "wire/too-large" }),
    );
  });

  test("a refusal names the place and never the value", () => {
    const codec = struct({ outer: list(struct({ inner: text(3) }), 4) });
    try {
      decode(codec, encodeCbor([[["abc"], ["secret"]]]), limits);
      expect.fail("it was read");
    } catch (error) {
      expect(isBullaError(error, "wire/malformed")).toBe(true);
      expect(String(error)).toContain("item.outer[1].inner");
      expect(String(error)).not.toContain("secret");
    }
  });

  test("a union whose case hides its own kind cannot be built", () => {
    expect(() => variant({ one: [1, struct({ kind: uint() })] })).toThrow(
      expect.objectContaining({ code: "internal/bug" }),
    );
  });

  test("text that is not well formed is not encoded", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "\ud800", "\udc00"), maxLength: 4 }), (value) => {
        if (value.isWellFormed()) expect(decode(text(100), encode(text(100), value), limits)).toBe(value);
        else expect(() => encode(text(100), value)).toThrow(RangeError);
      }),
    );
  });
});
