import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { acquireLock, tryLock } from "./home-lock.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulla-lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a held lock is refused to others and free after disposing; other names are other locks", async () => {
  const held = await tryLock({ folder }, "transfer-00ff");
  expect(held).toBeDefined();
  expect(await tryLock({ folder }, "transfer-00ff")).toBeUndefined();
  await using other = await tryLock({ folder }, "transfer-00fe");
  expect(other).toBeDefined();
  await held?.[Symbol.asyncDispose]();
  await using again = await tryLock({ folder }, "transfer-00ff");
  expect(again).toBeDefined();
});

test("a lock is exclusive across processes, and killing its holder frees it for who waits", async () => {
  const program = fileURLToPath(new URL("hold-lock.fixture.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--conditions=@bulla/source", "--disable-warning=ExperimentalWarning", program, folder, "upload"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(child.stdout, "data");
  expect(await tryLock({ folder }, "upload")).toBeUndefined();
  const waiting = acquireLock({ folder }, "upload");
  const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(() => resolve("still waiting"), 50))]);
  expect(early).toBe("still waiting");
  child.kill("SIGKILL");
  await using lock = await waiting;
  expect(lock).toBeDefined();
});

test("waiting ends with the signal's reason", async () => {
  await using _held = await acquireLock({ folder }, "a");
  const controller = new AbortController();
  const waiting = acquireLock({ folder }, "a", controller.signal);
  const reason = new RangeError("enough");
  setTimeout(() => controller.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
});

test("a name that is not plain words is refused", async () => {
  await expect(tryLock({ folder }, "../x")).rejects.toMatchObject({ code: "internal/bug" });
});
