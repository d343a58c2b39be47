import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8 } from "./encoding/bytes.ts";
import { decode, encode } from "./encoding/codec.ts";
import { isBullaError } from "./errors.ts";
import { type Handle, isHandle, isHost, parseHandle, splitHandle } from "./handle.ts";
import { handleCodec } from "./identity/statement.ts";
import { limits } from "./limits.ts";

const longestHost = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(61)}`;

const canonical = [
  "payroll@acme.example",
  "a@b",
  "0@0.example",
  "a.b-c_d@xn--bcher-kva.example",
  "bob@localhost:7400",
  "bob@127.0.0.1:65535",
  "bob@acme.example:1",
  `${"a".repeat(64)}@acme.example`,
  `a@${"b".repeat(63)}.example`,
  `${"a".repeat(64)}@${longestHost}:65535`,
];

const invalid = [
  "",
  "@",
  "bob",
  "bob@",
  "@acme.example",
  "bob@acme@example",
  ".bob@acme.example",
  "-bob@acme.example",
  "_bob@acme.example",
  "bo b@acme.example",
  "bob+x@acme.example",
  "bob/..@acme.example",
  "bob\0@acme.example",
  "bob\n@acme.example",
  `${"a".repeat(65)}@acme.example`,
  "bob@acme..example",
  "bob@.acme.example",
  "bob@acme.example.",
  "bob@-acme.example",
  "bob@acme-.example",
  "bob@acme_x.example",
  "bob@acme.example/path",
  "bob@acme.example:",
  "bob@acme.example:0",
  "bob@acme.example:080",
  "bob@acme.example:65536",
  "bob@acme.example:99999",
  "bob@acme.example:123456",
  "bob@acme.example:80:80",
  "bob@[::1]:7400",
  "bob@user:password@acme.example",
  `a@${"b".repeat(64)}.example`,
  `a@${longestHost}x`,
  // Look-alikes: Cyrillic a and o, full-width letters and at sign, ligature, dotted capital I, Kelvin sign, long s, soft hyphen, zero width joiner, ideographic full stop.
  "b\u043eb@acme.example",
  "bob@\u0430cme.example",
  "\uff42ob@acme.example",
  "bob\uff20acme.example",
  "\ufb01n@acme.example",
  "\u0130d@acme.example",
  "\u212aate@acme.example",
  "bob@\u212a.example",
  "\u017fam@acme.example",
  "b\u00adob@acme.example",
  "b\u200dob@acme.example",
  "bob@acme\u3002example",
  "b\u00fccher@acme.example",
];

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return isBullaError(error) ? error.code : error;
  }
};

describe("handles", () => {
  test.each(canonical)("%s is a handle in its canonical spelling", (text) => {
    expect(isHandle(text)).toBe(true);
    expect(parseHandle(text)).toBe(text);
    expect(parseHandle(` ${text.toUpperCase()}\n`)).toBe(text);
  });

  test.each(canonical)("%s travels", (text) => {
    const handle: Handle = parseHandle(text);
    expect(utf8(handle).length).toBeLessThanOrEqual(limits.maxHandleBytes);
    expect(decode(handleCodec, encode(handleCodec, handle), { maxBytes: 1000 })).toBe(handle);
    const { name, host } = splitHandle(handle);
    expect(`${name}@${host}`).toBe(handle);
    expect(isHost(host)).toBe(true);
  });

  test.each(invalid)("%j is refused", (text) => {
    expect(isHandle(text)).toBe(false);
    expect(codeOf(() => parseHandle(text))).toBe("wire/bad-handle");
  });

  test("upper case is not canonical, so it never travels", () => {
    expect(isHandle("Bob@acme.example")).toBe(false);
    expect(() => encode(handleCodec, "Bob@acme.example" as Handle)).toThrow(RangeError);
  });

  test("a bare name belongs to the own host, and to no host without one", () => {
    expect(parseHandle("Bob", "acme.example")).toBe("bob@acme.example");
    expect(parseHandle("bob@other.example", "acme.example")).toBe("bob@other.example");
    expect(codeOf(() => parseHandle("bob@", "acme.example"))).toBe("wire/bad-handle");
    expect(codeOf(() => parseHandle("bob"))).toBe("wire/bad-handle");
  });

  test("parsing is idempotent, and what it returns is canonical", () => {
    const near = fc.string({ unit: fc.constantFrom(..."aZ09.-_@: \u212a\u0130\u043e\u00df"), maxLength: 16 });
    const texts = fc.oneof(
      near,
      fc.tuple(near, near).map(([name, host]) => `a${name}@b${host}`),
      fc.string({ unit: "binary" }),
    );
    let parsed = 0;
    fc.assert(
      fc.property(texts, (text) => {
        const handle = codeOf(() => parseHandle(text));
        if (handle === "wire/bad-handle") return;
        parsed++;
        expect(isHandle(String(handle))).toBe(true);
        expect(parseHandle(String(handle))).toBe(handle);
      }),
      { numRuns: 3000 },
    );
    expect(parsed).toBeGreaterThan(20);
  });

  test("a refusal does not repeat what was typed", () => {
    expect(() => parseHandle("secret name")).toThrow(/^(?!.*secret)/);
  });
});
