import { expect, test } from "vitest";
import { progressLine } from "./progress-line.ts";
import { countText, dateOf, groupedHex, indented, oneLine, sizeText } from "./terminal-text.ts";

test("sizes are told in three digits at most, in decimal units", () => {
  const sizes = [0, 1, 999, 1000, 9949, 9950, 999_499, 999_500, 1_500_000, 2 ** 40, 5e15];
  expect(sizes.map(sizeText)).toEqual([
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1.0 kB",
    "9.9 kB",
    "10 kB",
    "999 kB",
    "1.0 MB",
    "1.5 MB",
    "1.1 TB",
    "5000 TB",
  ]);
});

test("text of others is one line without controls and marks of direction", () => {
  expect(oneLine("a\u001b]0;x\u0007b\r\nc\u2066d é 水 😀")).toBe("a\ufffd]0;x\ufffdb\ufffd\ufffdc\ufffdd é 水 😀");
  expect(indented("one\ntwo\u001b[1m", "  ")).toBe("one\n  two\ufffd[1m");
});

test("fingerprints, days and counts read as people read them", () => {
  expect(groupedHex("0123456789abcdef")).toBe("0123 4567 89ab cdef");
  expect([dateOf(0), dateOf(20_779)]).toEqual(["1970-01-01", "2026-11-22"]);
  expect([countText(1, "file"), countText(2, "file")]).toEqual(["1 file", "2 files"]);
});

test("a line of progress fits the terminal and never shows more than all", () => {
  const progress = { phase: "uploading", done: 1_500_000, total: 1_000_000, files: 3 } as const;
  expect(progressLine(progress, 100)).toContain("100 %");
  for (const columns of [20, 40, 80, 0, undefined])
    expect(progressLine(progress, columns).length).toBeLessThan(columns || 80);
  expect(progressLine({ phase: "checking", done: 0, total: 0 }, 80)).toBe("bulla: looking for files");
});
