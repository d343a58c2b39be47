import { posix } from "node:path";
import { limits, utf8 } from "@bulla/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { numberedFolder, numberedName, safeRelativePath } from "./safe-path.ts";

const nasty = fc.constantFrom(
  "..",
  ".",
  "/",
  "\\",
  "C:",
  "CON",
  "nul.txt",
  " ",
  ".",
  "\0",
  "\n",
  "\u202e",
  "\u2066",
  "\ud800",
  "ä",
  "💥",
  "a".repeat(300),
  ".".repeat(3),
  "LPT1",
  "COM¹.x",
  "\u00a0",
  "x.y",
);
const anyPath = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(fc.oneof(nasty, fc.string()), { maxLength: 12 }).map((parts) => parts.join("")),
  fc.array(nasty, { maxLength: 40 }).map((parts) => parts.join("/")),
);

test("whatever comes in, the result stays below the folder and every name is one that any system takes", () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const safe = safeRelativePath(path);
      expect(posix.join("/out", safe).startsWith("/out/")).toBe(true);
      expect(posix.normalize(safe)).toBe(safe);
      for (const name of safe.split("/")) {
        const { length } = utf8(name);
        expect(length > 0 && length <= limits.maxNameBytes).toBe(true);
        expect(name).not.toMatch(/^[.\s]|[.\s]$|[\\:\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u);
        expect(name).not.toMatch(/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i);
        expect(name.isWellFormed()).toBe(true);
      }
      expect(utf8(safe).length).toBeLessThanOrEqual(2048);
    }),
    { numRuns: 3000 },
  );
});

test("a safe path comes back unchanged", () => {
  fc.assert(
    fc.property(anyPath, (path) => {
      const safe = safeRelativePath(path);
      expect(safeRelativePath(safe)).toBe(safe);
    }),
    { numRuns: 3000 },
  );
});

test("a numbered name keeps its extension and fits", () => {
  expect([
    numberedName("a.jpg", 0),
    numberedName("a.jpg", 1),
    numberedName("a", 2),
    numberedName(".a", 3),
    numberedFolder("a.d", 1),
  ]).toEqual(["a.jpg", "a (1).jpg", "a (2)", ".a (3)", "a.d (1)"]);
  fc.assert(
    fc.property(anyPath, fc.integer({ min: 1, max: 10_000 }), (path, number) => {
      const name = safeRelativePath(path).split("/").at(-1) ?? "";
      for (const numbered of [numberedName(name, number), numberedFolder(name, number)]) {
        expect(utf8(numbered).length).toBeLessThanOrEqual(limits.maxNameBytes);
        expect(safeRelativePath(numbered)).toBe(numbered);
      }
    }),
  );
});

test.each([
  ["photos/a.jpg", "photos/a.jpg"],
  ["päper/日本.txt", "päper/日本.txt"],
  ["../../etc/passwd", "etc/passwd"],
  ["/etc/passwd", "etc/passwd"],
  ["C:\\Windows\\a.dll", "C_/Windows/a.dll"],
  ["a/./b//c", "a/b/c"],
  [".ssh/authorized_keys", "_ssh/authorized_keys"],
  ["...", "unnamed"],
  ["", "unnamed"],
  ["a\nb\0c", "a_b_c"],
  ["invoice\u202egpj.exe", "invoice_gpj.exe"],
  [" name. ", "name"],
  ["con", "_con"],
  ["Aux.tar.gz", "_Aux.tar.gz"],
  ["file:stream", "file_stream"],
])("%j becomes %j", (path, safe) => {
  expect(safeRelativePath(path)).toBe(safe);
});

test("a long name is cut between characters and keeps its extension", () => {
  const safe = safeRelativePath(`${"ä".repeat(200)}.jpeg`);
  expect(safe).toBe(`${"ä".repeat(125)}.jpeg`);
});
