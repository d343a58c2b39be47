import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { storeAcceptance } from "@bulla/testkit";
import { textOf, utf8 } from "@bulla/wire";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStore } from "./sqlite-store.ts";

storeAcceptance("a store in SQLite", async () => {
  const place = await mkdtemp(join(tmpdir(), "bulla-store-"));
  return { open: () => openSqliteStore(join(place, "store.db")), remove: () => rm(place, { recursive: true }) };
});

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "bulla-store-"));
  path = join(folder, "home", "store.db");
});
afterEach(() => rm(folder, { recursive: true }));

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const nodeArguments = (name: string, ...rest: readonly string[]): string[] => [
  "--conditions=@bulla/source",
  "--disable-warning=ExperimentalWarning",
  program(name),
  ...rest,
];

function startCounting(times: number): {
  readonly child: ChildProcess;
  readonly acknowledged: () => number;
  readonly exited: Promise<unknown>;
} {
  const child = spawn(process.execPath, nodeArguments("count.fixture.ts", path, String(times)), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  // The last line may be half written when the process is killed.
  return {
    child,
    acknowledged: () => Number(said.slice(0, said.lastIndexOf("\n")).split("\n").at(-1)),
    exited: once(child, "close"),
  };
}

async function readCounts(): Promise<readonly number[]> {
  await using store = await openSqliteStore(path);
  return (await store.list("count/")).map(({ value }) => Number(textOf(value)));
}

test("two processes that count 200 each, at once, end at 400", async () => {
  const both = [startCounting(200), startCounting(200)];
  await Promise.all(both.map(({ exited }) => exited));
  expect(both.map(({ child }) => child.exitCode)).toEqual([0, 0]);
  expect(await readCounts()).toEqual([400, 400]);
}, 60_000);

test("killed ten times at random moments: no acknowledged step is lost, none is half there, and the lock is free at once", async () => {
  let floor = 0;
  for (let round = 0; round < 10; round++) {
    const { child, acknowledged, exited } = startCounting(100_000);
    while (!(acknowledged() > 0)) await sleep(5);
    await sleep(Math.random() * 120);
    child.kill("SIGKILL");
    await exited;
    floor = Math.max(floor, acknowledged());
    const [a, b] = await readCounts();
    expect(a).toBe(b);
    expect(a).toBeGreaterThanOrEqual(floor);
    // At most the one step that was done but not yet said.
    expect(a).toBeLessThanOrEqual(floor + 1);
  }
}, 60_000);

test("a step that hangs in one place makes the others fail with store/locked and a hint", async () => {
  await using hanging = await openSqliteStore(path);
  await using other = await openSqliteStore(path, { lockWaitMilliseconds: 100 });
  const gate = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const stuck = hanging.step(async () => {
    entered.resolve();
    await gate.promise;
  });
  await entered.promise;
  await expect(other.step(async () => undefined)).rejects.toMatchObject({
    code: "store/locked",
    hint: expect.any(String),
  });
  expect(await other.get("x")).toBeUndefined();
  gate.resolve();
  await stuck;
  await other.step((step) => step.put("x", utf8("y")));
});

test("the file and its side files are for the owner only, in a folder for the owner only, whatever the umask", async () => {
  const before = process.umask(0);
  try {
    await using store = await openSqliteStore(path);
    await store.step((step) => step.put("a", utf8("x")));
    const modes = await Promise.all(
      [path, `${path}-wal`, `${path}-shm`, join(folder, "home")].map(async (name) => (await stat(name)).mode & 0o777),
    );
    expect(modes).toEqual([0o600, 0o600, 0o600, 0o700]);
  } finally {
    process.umask(before);
  }
});

test("what was deleted is not in the file after closing", async () => {
  const secret = Buffer.from("a very particular string of words");
  {
    await using store = await openSqliteStore(path);
    await store.step((step) => step.put("a", secret));
    // The control: before closing, the bytes are in the log.
    expect((await readFile(`${path}-wal`)).includes(secret)).toBe(true);
    await store.step((step) => step.delete("a"));
  }
  expect((await readFile(path)).includes(secret)).toBe(false);
  await expect(stat(`${path}-wal`)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a file that is no store, or whose pages are damaged, is store/corrupt", async () => {
  await writeFile(join(folder, "other"), "this is not a database, however long it may be".repeat(100));
  await expect(openSqliteStore(join(folder, "other"))).rejects.toMatchObject({ code: "store/corrupt" });
  {
    await using store = await openSqliteStore(path);
    await store.step(async (step) => {
      for (let i = 0; i < 500; i++) await step.put(`a/${i}`, new Uint8Array(200).fill(i));
    });
  }
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0x5a, 4096));
  const read = openSqliteStore(path).then(async (store) => {
    try {
      return await store.list("");
    } finally {
      await store[Symbol.asyncDispose]();
    }
  });
  await expect(read).rejects.toMatchObject({ code: "store/corrupt" });
});

test("a store written by a newer program is refused untouched", async () => {
  await (await openSqliteStore(path))[Symbol.asyncDispose]();
  const database = new DatabaseSync(path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: "store/unsupported-version" });
});

test("a file that may not be written is file/unwritable", async ({ skip }) => {
  skip(process.getuid?.() === 0, "root may write everything");
  await (await openSqliteStore(path))[Symbol.asyncDispose]();
  await chmod(path, 0o400);
  await expect(openSqliteStore(path)).rejects.toMatchObject({ code: "file/unwritable" });
});

test("a folder where the file belongs is file/unwritable", async () => {
  await expect(openSqliteStore(folder)).rejects.toMatchObject({ code: "file/unwritable" });
});

const mayMount = spawnSync("unshare", ["-rm", "true"]).status === 0;

test("on a full disk a step fails with file/no-space, and all steps before it are whole", ({ skip }) => {
  skip(!mayMount, "this machine lets nobody make a small file system of their own");
  const script = 'mount -t tmpfs -o size=2m none "$0" && exec "$@"';
  const run = spawnSync(
    "unshare",
    [
      "-rm",
      "sh",
      "-c",
      script,
      folder,
      process.execPath,
      ...nodeArguments("fill.fixture.ts", join(folder, "store.db")),
    ],
    { encoding: "utf8" },
  );
  expect(run.stderr).toBe("");
  expect(JSON.parse(run.stdout)).toEqual({ code: "file/no-space", hint: true, kept: true, whole: true });
});
