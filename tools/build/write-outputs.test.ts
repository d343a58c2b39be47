import { mkdtempSync, rmSync } from "node:fs";
import { readdir, readFile, stat, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Output } from "./write-outputs.ts";
import { listOutputs, writeOutputs } from "./write-outputs.ts";

const box = mkdtempSync(join(tmpdir(), "bulla-outputs-"));
afterAll(() => rmSync(box, { recursive: true, force: true }));

function output(path: string, text: string): Output {
  return { path, contents: new TextEncoder().encode(text) };
}

test("a file that did not change is left alone", async () => {
  const folder = mkdtempSync(join(box, "same-"));
  await writeOutputs(folder, [output("a.mjs", "1"), output("b.mjs", "1")]);
  const [a, b] = [await stat(join(folder, "a.mjs")), await stat(join(folder, "b.mjs"))];
  await writeOutputs(folder, [output("a.mjs", "1"), output("b.mjs", "2")]);
  expect((await stat(join(folder, "a.mjs"))).ino).toBe(a.ino);
  expect((await stat(join(folder, "b.mjs"))).ino).not.toBe(b.ino);
});

test("no draft is left behind", async () => {
  const folder = mkdtempSync(join(box, "draft-"));
  await writeOutputs(folder, [output("worker/a.mjs", "1")]);
  expect((await readdir(folder, { recursive: true })).toSorted()).toEqual(["outputs.json", "worker", "worker/a.mjs"]);
});

test("what an earlier build left stays for a week, then goes", async () => {
  const folder = mkdtempSync(join(box, "week-"));
  await writeOutputs(folder, [output("shared-1.mjs", "1")]);
  await writeOutputs(folder, [output("shared-2.mjs", "2")]);
  expect(await listOutputs(folder)).toEqual(["shared-2.mjs"]);
  expect(await readFile(join(folder, "shared-1.mjs"), "utf8")).toBe("1");
  const eightDaysAgo = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
  await utimes(join(folder, "shared-1.mjs"), eightDaysAgo, eightDaysAgo);
  await writeOutputs(folder, [output("shared-2.mjs", "2")]);
  expect((await readdir(folder)).toSorted()).toEqual(["outputs.json", "shared-2.mjs"]);
});

test("the clock of a file starts when it is replaced, not when it was made", async () => {
  const folder = mkdtempSync(join(box, "clock-"));
  await writeOutputs(folder, [output("shared-1.mjs", "1")]);
  const eightDaysAgo = new Date(Date.now() - 8 * 24 * 60 * 60 * 1000);
  await utimes(join(folder, "shared-1.mjs"), eightDaysAgo, eightDaysAgo);
  await writeOutputs(folder, [output("shared-2.mjs", "2")]);
  expect(await readdir(folder)).toContain("shared-1.mjs");
});
