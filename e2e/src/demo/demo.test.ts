import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { pdf, png } from "./documents.ts";
import { searchBytes, textNeedle } from "./search.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

test("the demo tells its whole story, finds nothing at the service, and leaves nothing behind", async () => {
  const before = new Set(readdirSync(tmpdir()));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@bulla/source", program, "--quick"]);
  for (const sentence of [
    "bulla send: kill -9 after",
    "bulla receive: kill -9 after",
    "All 203 files are there once",
    "offline, accepts the receipt",
    "0 hits",
  ])
    expect(stdout).toContain(sentence);
  expect(stdout).not.toMatch(/NOT FOUND|FAILED/);
  for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("bulla-e2e-") && !before.has(name))).toEqual([]);
});

test("the search finds a word in every spelling that software gives it", () => {
  const needle = textNeedle("a word", "canary-0123456789");
  for (const encoding of ["utf8", "utf16le", "hex", "base64"] as const) {
    for (const around of ["", "a", "ab", "abc"]) {
      const text = `${around}canary-0123456789${around}`;
      const stored =
        encoding === "utf16le" ? Buffer.from(text, encoding) : Buffer.from(Buffer.from(text).toString(encoding));
      expect(searchBytes(Buffer.concat([Buffer.from("…"), stored]), [needle])).toBeGreaterThan(0);
    }
  }
  expect(searchBytes(Buffer.from("canary-9876543210"), [needle])).toBe(0);
});

test("the documents begin and end as their formats say", () => {
  const letter = pdf("Title", ["One line"]).toString("latin1");
  expect(letter).toMatch(/^%PDF-1\.4\n[^]*%%EOF\n$/);
  const xref = Number(/startxref\n(\d+)\n/.exec(letter)?.[1]);
  expect(letter.slice(xref, xref + 4)).toBe("xref");
  const picture = png(3, 2, "a picture");
  expect(picture.subarray(1, 4).toString()).toBe("PNG");
  expect(picture.subarray(-8, -4).toString()).toBe("IEND");
});
