import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Handle, parseHandle, textOf, utf8 } from "@bulla/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { defaultHomeFolder } from "./default-folder.ts";
import { readDeviceCard } from "./device-card.ts";
import { type Home, homeNeedsPassphrase, openHome } from "./home.ts";
import { createKeyFile, openKeyFile } from "./key-file.ts";
import { type NewDevice, prepareHome, type StagedHome } from "./staged-home.ts";

const primitives = createNodePrimitives();
const handle: Handle = parseHandle("ann@localhost:7400");
const owner = { handle, service: "http://localhost:7400" };
const device: NewDevice = {
  deviceId: "a1".repeat(16),
  deviceName: "ann's laptop",
  createdDay: 20_000,
  createFingerprint: "b2".repeat(32),
};

let place: string;
let folder: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), "bulla-home-"));
  folder = join(place, "data", "device");
});
afterEach(() => rm(place, { recursive: true }));

const prepare = (passphrase?: string): Promise<StagedHome> => prepareHome(folder, owner, { passphrase, primitives });
const open = (passphrase?: string): Promise<Home> => openHome(folder, { passphrase, primitives });
async function make(passphrase?: string): Promise<void> {
  await using staged = await prepare(passphrase);
  await staged.store.step((step) => step.put("secrets", utf8("kept")));
  await using _home = await staged.commit(device);
}

test("a committed home opens with what was kept while it was made; anybody may read its card", async () => {
  await make();
  await using home = await open();
  expect(textOf((await home.store.get("secrets")) ?? utf8(""))).toBe("kept");
  expect(home.card).toEqual({ ...owner, host: "localhost:7400", ...device });
  expect(await readDeviceCard(folder)).toEqual(home.card);
  expect(home.warnings).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual([
    "device.json",
    "locks",
    "spool",
    "store.db",
    "store.db-shm",
    "store.db-wal",
    "store.key",
  ]);
  expect(await readdir(join(place, "data"))).toEqual(["device"]);
});

test("before commit nothing stands under the final name, and a second attempt of the same owner goes on with the same store", async () => {
  {
    await using first = await prepare();
    expect(first.resumed).toBe(false);
    await first.store.step((step) => step.put("secrets", utf8("registered already")));
  }
  await expect(stat(folder)).rejects.toMatchObject({ code: "ENOENT" });
  await using other = await prepareHome(folder, { ...owner, service: "https://elsewhere.example" }, { primitives });
  expect(other.resumed).toBe(false);
  await using second = await prepare();
  expect(second.resumed).toBe(true);
  expect(textOf((await second.store.get("secrets")) ?? utf8(""))).toBe("registered already");
});

test("an init that is killed leaves a staged home that the next one goes on with, its lock free", async () => {
  const program = fileURLToPath(new URL("stage.fixture.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@bulla/source", program, folder, owner.handle, owner.service], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await expect(prepare()).rejects.toMatchObject({ code: "store/locked" });
  child.kill("SIGKILL");
  await once(child, "close");
  await using staged = await prepare();
  expect(staged.resumed).toBe(true);
  expect(textOf((await staged.store.get("secrets")) ?? utf8(""))).toBe("made by the killed one");
  await using home = await staged.commit(device);
  expect(home.folder).toBe(folder);
});

test("an existing home is store/exists, for preparing and for committing, and stays as it is", async () => {
  await using late = await prepareHome(folder, { ...owner, service: "https://elsewhere.example" }, { primitives });
  await make();
  await expect(prepare()).rejects.toMatchObject({ code: "store/exists" });
  await expect(late.commit(device)).rejects.toMatchObject({ code: "store/exists" });
  await using home = await open();
  expect(home.card.service).toBe(owner.service);
});

test("a folder with something else in it is not taken; an empty one is", async () => {
  await mkdir(folder, { recursive: true });
  await make();
  await rm(folder, { recursive: true });
  await mkdir(folder);
  await writeFile(join(folder, "letter.txt"), "mine");
  await expect(prepare()).rejects.toMatchObject({ code: "store/exists" });
});

test("a missing home is store/missing, and the hint names bulla init", async () => {
  await expect(open()).rejects.toMatchObject({ code: "store/missing", hint: expect.stringContaining("bulla init") });
  await expect(readDeviceCard(folder)).rejects.toMatchObject({ code: "store/missing" });
});

test("a home whose key or store is gone is store/corrupt", async () => {
  await make();
  for (const gone of ["store.key", "store.db"]) {
    const copy = join(place, gone);
    await cp(folder, copy, { recursive: true });
    await rm(join(copy, gone));
    await expect(openHome(copy, { primitives })).rejects.toMatchObject({ code: "store/corrupt" });
  }
});

test("a changed card is store/corrupt, another device's key too, and a newer version store/unsupported-version", async () => {
  await make();
  const card = await readFile(join(folder, "device.json"), "utf8");
  const write = (text: string): Promise<void> => writeFile(join(folder, "device.json"), text);
  await write(card.replace('"http://localhost:7400"', '"https://evil.example"'));
  await expect(open()).rejects.toMatchObject({ code: "store/corrupt" });
  for (const text of ["", "[]", "{}", card.replace("ann@", "@"), card.replace(/"deviceId": "../, '"deviceId": "zz')]) {
    await write(text);
    await expect(open()).rejects.toMatchObject({ code: "store/corrupt" });
  }
  await write(card.replace('"version": 1', '"version": 2'));
  await expect(open()).rejects.toMatchObject({ code: "store/unsupported-version" });
  await write(card);
  await createKeyFile(join(folder, "store.key"), undefined, primitives);
  await expect(open()).rejects.toMatchObject({ code: "store/corrupt" });
});

test("everything is for the owner only, whatever the umask, and what others may read is warned of", async () => {
  const before = process.umask(0);
  try {
    await make();
  } finally {
    process.umask(before);
  }
  for (const name of ["", "store.key", "store.db", "device.json", "locks", "spool"]) {
    const stats = await stat(join(folder, name));
    expect(stats.mode & 0o777, name).toBe(stats.isDirectory() ? 0o700 : 0o600);
  }
  await chmod(folder, 0o755);
  await chmod(join(folder, "store.key"), 0o640);
  await using home = await open();
  expect(home.warnings).toEqual([
    { what: "folder", mode: 0o755 },
    { what: "key", mode: 0o640 },
  ]);
});

test("no value, and no part of the handle, can be read in the store's file", async () => {
  await make();
  const bytes = Buffer.concat(
    await Promise.all(
      (await readdir(folder)).filter((name) => name.startsWith("store.")).map((name) => readFile(join(folder, name))),
    ),
  );
  for (const text of ["kept", "ann@", "laptop", device.deviceId]) expect(bytes.includes(text)).toBe(false);
  // The control: the same search finds what is there.
  expect(bytes.includes("secrets")).toBe(true);
});

describe("with a passphrase", () => {
  test("the home opens with it, however its accents are composed; a wrong and a missing one get one answer", async () => {
    await make("caf\u00e9 au lait");
    expect(await homeNeedsPassphrase(folder)).toBe(true);
    await (await open("cafe\u0301 au lait"))[Symbol.asyncDispose]();
    const answers = await Promise.all(
      ["cafe au lait", "", undefined].map((passphrase) => open(passphrase).catch((error: unknown) => error)),
    );
    for (const answer of answers) expect(answer).toMatchObject({ code: "store/wrong-passphrase" });
    expect(new Set(answers.map(String)).size).toBe(1);
  });

  test("a staged home asks for the passphrase of the attempt before", async () => {
    await (await prepare("first"))[Symbol.asyncDispose]();
    await expect(prepare("second")).rejects.toMatchObject({ code: "store/wrong-passphrase" });
    await using again = await prepare("first");
    expect(again.resumed).toBe(true);
  });

  test("parameters below the floor are refused (kdf-floor), and so are parameters that were changed", async () => {
    const path = join(place, "store.key");
    const at = (memoryKib: number, passes: number): Promise<unknown> =>
      createKeyFile(path, "pass", primitives, { memoryKib, passes, lanes: 1 });
    const openIt = (): Promise<unknown> => openKeyFile(path, "pass", primitives);
    await at(19 * 1024, 2);
    expect(await openIt()).toHaveLength(32);
    await at(19 * 1024 - 1, 2);
    await expect(openIt()).rejects.toMatchObject({ code: "store/kdf-floor" });
    await at(19 * 1024, 1);
    await expect(openIt()).rejects.toMatchObject({ code: "store/kdf-floor" });
    await at(19 * 1024, 3);
    const bytes = await readFile(path);
    // The passes stand after memory: [1, [2, [[19456, 3, 1, salt], sealed]]].
    const passes = bytes.indexOf(Buffer.from([0x19, 0x4c, 0x00, 0x03]));
    expect(passes).toBeGreaterThan(0);
    bytes[passes + 3] = 2;
    await writeFile(path, bytes);
    await expect(openIt()).rejects.toMatchObject({ code: "store/wrong-passphrase" });
  });

  test("any changed byte of a key file is refused, and nothing but our own codes comes out", async () => {
    const path = join(place, "store.key");
    await createKeyFile(path, "pass", primitives, { memoryKib: 19 * 1024, passes: 2, lanes: 1 });
    const bytes = await readFile(path);
    // Bytes of the salt and the sealed key behave alike; the ones before them are the structure.
    for (const at of [...Array.from({ length: 16 }, (_, i) => i), 30, bytes.length - 20, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(path, changed);
      await expect(openKeyFile(path, "pass", primitives), `byte ${at}`).rejects.toMatchObject({
        code: expect.stringMatching(/^store\/(corrupt|kdf-floor|wrong-passphrase|unsupported-version)$/),
      });
    }
  }, 40_000);
});

test("the default folder is BULLA_HOME, else below XDG_DATA_HOME, else ~/.local/share", () => {
  expect(defaultHomeFolder({ BULLA_HOME: "/x" }, "/home/ann")).toBe("/x");
  expect(defaultHomeFolder({ XDG_DATA_HOME: "/data" }, "/home/ann")).toBe("/data/bulla/device");
  expect(defaultHomeFolder({ XDG_DATA_HOME: "relative", BULLA_HOME: "" }, "/home/ann")).toBe(
    "/home/ann/.local/share/bulla/device",
  );
});
