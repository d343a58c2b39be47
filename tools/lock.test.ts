import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { takeLock } from "./lock.mjs";
import { cacheFolder } from "./project.mjs";

const name = `lock-test-${process.pid}`;
const file = join(cacheFolder, `${name}.lock`);
afterEach(() => rmSync(file, { force: true }));

test("a lock is there while it is held and gone afterwards", () => {
  const release = takeLock(name, "");
  expect(readFileSync(file, "utf8")).toMatch(new RegExp(`^${process.pid}\\b`));
  release();
  expect(existsSync(file)).toBe(false);
});

test("the lock of a dead process is taken over", () => {
  const { pid } = spawnSync(process.execPath, ["-e", "0"]);
  writeFileSync(file, `${pid} 1`);
  takeLock(name, "")();
  expect(existsSync(file)).toBe(false);
});

test("the lock of an earlier process with a number that lives again is taken over", () => {
  writeFileSync(file, `${process.pid} 1`);
  takeLock(name, "")();
  expect(existsSync(file)).toBe(false);
});

test("the lock of a zombie is taken over", async () => {
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
  const [chunk] = (await once(parent.stdout, "data")) as [Buffer];
  const stat = `/proc/${Number(chunk.toString())}/stat`;
  await expect.poll(() => readFileSync(stat, "utf8")).toContain(") Z ");
  const startTime = readFileSync(stat, "utf8").split(" ")[21];
  writeFileSync(file, `${Number(chunk.toString())} ${startTime}`);
  takeLock(name, "")();
  parent.kill();
  expect(existsSync(file)).toBe(false);
});

test("of many at once, one holds the lock at a time", async () => {
  const log = join(cacheFolder, `${name}.log`);
  const program = `
    const { appendFileSync } = await import("node:fs");
    const { takeLock } = await import(${JSON.stringify(join(import.meta.dirname, "lock.mjs"))});
    const release = takeLock(${JSON.stringify(name)}, "");
    appendFileSync(${JSON.stringify(log)}, "in ");
    await new Promise((resolve) => setTimeout(resolve, 20));
    appendFileSync(${JSON.stringify(log)}, "out ");
    release();`;
  const runs = Array.from({ length: 6 }, () => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" });
    return new Promise((resolve) => child.once("exit", resolve));
  });
  expect(await Promise.all(runs)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(readFileSync(log, "utf8")).toBe("in out ".repeat(6));
  rmSync(log);
});
