import { execFileSync } from "node:child_process";
import { isBullaError, textOf, utf8 } from "@bulla/wire";
import { createNodeFiles } from "./node-files.ts";

// A process that fills a small disk, then meets it read-only, and says what it was answered.
const [root] = process.argv.slice(2);
if (root === undefined) throw new Error("usage: full-disk.fixture.ts ROOT");
const hints: boolean[] = [];
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "none";
  } catch (error) {
    if (!isBullaError(error)) throw error;
    hints.push(error.hint !== undefined);
    return error.code;
  }
};
const incoming = await createNodeFiles().incoming(root, "00");
await incoming.write(0, 0, utf8("abc"));
const full = await codeOf(incoming.write(1, 0, new Uint8Array(2_000_000)));
const kept = textOf(await incoming.read(0, 0, 3));
await incoming[Symbol.asyncDispose]();
execFileSync("mount", ["-o", "remount,ro", root]);
const readOnly = await codeOf(createNodeFiles().incoming(root, "01"));
process.stdout.write(JSON.stringify({ full, hints: hints.every(Boolean), kept, readOnly }));
