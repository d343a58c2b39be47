import { execFileSync, spawnSync } from "node:child_process";
import { link, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { filesAcceptance } from "@bulla/testkit";
import { utf8 } from "@bulla/wire";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createNodeFiles } from "./node-files.ts";
import { type Placement, placeFile } from "./place-file.ts";

const files = createNodeFiles();
const transfer = "ab".repeat(16);
const unclaimed = async (): Promise<void> => undefined;

filesAcceptance("the files of this machine", async () => {
  const root = await mkdtemp(join(tmpdir(), "bulla-files-"));
  return {
    files,
    root,
    async put(path, content) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    },
    get: (path) =>
      readFile(join(root, path)).then(
        (bytes) => new Uint8Array(bytes),
        () => undefined,
      ),
    remove: () => rm(root, { recursive: true }),
  };
});

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "bulla-files-"));
});
afterEach(() => rm(root, { recursive: true }));

describe("scanning", () => {
  test("links below a named folder are not followed; a link that a person names is, under its own name", async () => {
    await mkdir(join(root, "real"));
    await writeFile(join(root, "real", "a"), "a");
    await symlink("a", join(root, "real", "to-file"));
    await symlink("..", join(root, "real", "up"));
    await symlink("real", join(root, "alias"));
    const { files: found, skipped } = await files.scan([join(root, "alias")]);
    expect(found.map(({ path }) => path)).toEqual(["alias/a"]);
    expect(skipped.map(({ path, why }) => [path.slice(root.length), why])).toEqual([
      ["/alias/to-file", "link"],
      ["/alias/up", "link"],
    ]);
  });

  test("an empty folder does not travel, and is listed as left out", async () => {
    await mkdir(join(root, "full", "hollow"), { recursive: true });
    await writeFile(join(root, "full", "a"), "a");
    const { files: found, skipped } = await files.scan([join(root, "full")]);
    expect(found.map(({ path }) => path)).toEqual(["full/a"]);
    expect(skipped).toEqual([{ path: join(root, "full", "hollow"), why: "empty" }]);
  });

  test("pipes and names that are not UTF-8 are listed as skipped, never opened", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff, 0xfe])]), "x");
    await writeFile(join(root, "good"), "x");
    const { files: found, skipped } = await files.scan([root]);
    expect(found.map(({ source }) => source)).toEqual([join(root, "good")]);
    expect(skipped.map(({ why }) => why)).toEqual(["unreadable", "special"]);
    await expect(files.readRange(join(root, "pipe"), 0, 1)).rejects.toMatchObject({
      code: expect.stringMatching(/^(file|blob)\//),
    });
  });

  test("the folder of a device is never sent, nor a file out of it that is named: it holds keys", async () => {
    const home = join(root, "all", "device");
    await mkdir(home, { recursive: true });
    for (const name of ["store.key", "store.db", "device.json"]) await writeFile(join(home, name), "x");
    await writeFile(join(root, "all", "letter"), "x");
    const { files: found, skipped } = await files.scan([join(root, "all"), join(home, "store.key")]);
    expect(found.map(({ path }) => path)).toEqual(["all/letter"]);
    expect(skipped).toEqual([
      { path: home, why: "device" },
      { path: join(home, "store.key"), why: "device" },
    ]);
    // Control: it is the keys that make it one.
    await rm(join(home, "store.key"));
    expect((await files.scan([join(root, "all")])).files).toHaveLength(3);
  });

  test("a dot stands for the folder's own name", async () => {
    await mkdir(join(root, "trip"));
    await writeFile(join(root, "trip", "a"), "a");
    const before = process.cwd();
    process.chdir(join(root, "trip"));
    try {
      expect((await files.scan(["."])).files.map(({ path }) => path)).toEqual(["trip/a"]);
    } finally {
      process.chdir(before);
    }
  });

  test("a path that is not there is file/unreadable, and the message does not name it", async () => {
    const error: unknown = await files.scan([join(root, "very-secret-name")]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "file/unreadable", hint: expect.any(String) });
    expect(JSON.stringify(error) + String(error) + String(error instanceof Error ? error.cause : "")).not.toContain(
      "very-secret-name",
    );
  });

  test("the version changes when the file is written again", async () => {
    await writeFile(join(root, "a"), "one");
    const [before] = (await files.scan([join(root, "a")])).files;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(join(root, "a"), "two");
    const [after] = (await files.scan([join(root, "a")])).files;
    expect(after?.version).not.toBe(before?.version);
  });
});

describe("receiving", () => {
  test("a folder that cannot be made is refused, also where the system would try for ever", async () => {
    await writeFile(join(root, "file"), "x");
    for (const folder of ["/proc/bulla/out", join(root, "file", "out"), join(root, "file")])
      await expect(files.incoming(folder, "00")).rejects.toMatchObject({ code: expect.stringMatching(/^file\//) });
    await using made = await files.incoming(join(root, "a", "b", "c"), "00");
    expect(await made.sizeOf(0)).toBe(0);
  });

  test("a link planted below the out folder is not walked through, nor written to", async () => {
    await mkdir(join(root, "out"));
    await mkdir(join(root, "elsewhere"));
    await writeFile(join(root, "victim"), "untouched");
    await symlink("../elsewhere", join(root, "out", "photos"));
    await symlink("../victim", join(root, "out", "a.txt"));
    await symlink("../not-there", join(root, "out", "b.txt"));
    await using incoming = await files.incoming(join(root, "out"), transfer);
    const wanted = ["photos/a.jpg", "photos/deep/b.jpg", "a.txt", "b.txt"];
    const used: string[] = [];
    for (const [index, path] of wanted.entries()) {
      await incoming.write(index, 0, utf8("received"));
      used.push(await incoming.finish(index, path, unclaimed));
    }
    expect(used).toEqual(["photos (1)/a.jpg", "photos (1)/deep/b.jpg", "a (1).txt", "b (1).txt"]);
    expect(await readdir(join(root, "elsewhere"))).toEqual([]);
    expect(await readFile(join(root, "victim"), "utf8")).toBe("untouched");
    await expect(stat(join(root, "not-there"))).rejects.toMatchObject({ code: "ENOENT" });
    // The control: a program that just joins the names does land elsewhere.
    await writeFile(join(root, "out", "photos", "a.jpg"), "stray");
    expect(await readdir(join(root, "elsewhere"))).toEqual(["a.jpg"]);
  });

  test("links planted in place of the work folder or of a part file are refused", async () => {
    await mkdir(join(root, "out"));
    await mkdir(join(root, "elsewhere"));
    await symlink("../elsewhere", join(root, "out", `.bulla-incoming-${transfer}`));
    await expect(files.incoming(join(root, "out"), transfer)).rejects.toMatchObject({ code: "file/unwritable" });
    await writeFile(join(root, "victim"), "untouched");
    const other = "cd".repeat(16);
    await using incoming = await files.incoming(join(root, "out"), other);
    await symlink(join(root, "victim"), join(root, "out", `.bulla-incoming-${other}`, "0.part"));
    await expect(incoming.write(0, 0, utf8("x"))).rejects.toMatchObject({ code: "file/unwritable" });
    expect(await readFile(join(root, "victim"), "utf8")).toBe("untouched");
  });

  test("the work folder is for the owner only; a finished file has the mode of any new file", async () => {
    await using incoming = await files.incoming(join(root, "out"), transfer);
    await incoming.write(0, 0, utf8("x"));
    expect((await stat(join(root, "out", `.bulla-incoming-${transfer}`))).mode & 0o777).toBe(0o700);
    await incoming.finish(0, "a", unclaimed);
    await incoming.clear();
    expect(await readdir(join(root, "out"))).toEqual(["a"]);
    await writeFile(join(root, "b"), "x");
    expect((await stat(join(root, "out", "a"))).mode).toBe((await stat(join(root, "b"))).mode);
    expect((await stat(join(root, "out", "a"))).nlink).toBe(1);
  });

  test("killed after the file got its name but before that was noted: repeating gives the same one file", async () => {
    const out = join(root, "out");
    const work = join(out, `.bulla-incoming-${transfer}`);
    {
      await using incoming = await files.incoming(out, transfer);
      await incoming.write(0, 0, utf8("x"));
    }
    await link(join(work, "0.part"), join(out, "a"));
    await using again = await files.incoming(out, transfer);
    expect(await again.finish(0, "a", unclaimed)).toBe("a");
    expect((await readdir(out)).sort()).toEqual([`.bulla-incoming-${transfer}`, "a"]);
  });

  test("a claim that throws leaves the file unfinished, to be finished later", async () => {
    await using incoming = await files.incoming(join(root, "out"), transfer);
    await incoming.write(0, 0, utf8("x"));
    const failure = new RangeError("journal failed");
    await expect(incoming.finish(0, "a", () => Promise.reject(failure))).rejects.toBe(failure);
    await expect(lstat(join(root, "out", "a"))).rejects.toMatchObject({ code: "ENOENT" });
    expect(await incoming.finish(0, "a", unclaimed)).toBe("a");
  });

  test("more files at once than are kept open all arrive", async () => {
    await using incoming = await files.incoming(join(root, "out"), transfer);
    const indexes = Array.from({ length: 300 }, (_, index) => index);
    await Promise.all(indexes.map((index) => incoming.write(index, 0, utf8(`${index}`))));
    await Promise.all(indexes.map((index) => incoming.write(index, 10, utf8(`${index}`))));
    const sizes = await Promise.all(indexes.map((index) => incoming.sizeOf(index)));
    expect(sizes).toEqual(indexes.map((index) => 10 + `${index}`.length));
    await Promise.all(indexes.map((index) => incoming.finish(index, `many/${index}`, unclaimed)));
    expect((await readdir(join(root, "out", "many"))).length).toBe(300);
  });
});

describe("where there are no hard links", () => {
  const refused: typeof link = () => Promise.reject(Object.assign(new Error("not here"), { code: "EPERM" }));
  const prepare = async (): Promise<Placement> => {
    await mkdir(join(root, "work"));
    await writeFile(join(root, "work", "part"), "received");
    return {
      out: root,
      part: join(root, "work", "part"),
      done: join(root, "work", "done"),
      claim: join(root, "work", "name"),
    };
  };

  test("a file still never replaces another one", async () => {
    const placement = await prepare();
    await writeFile(join(root, "a"), "");
    expect((await placeFile(placement, "a", unclaimed, refused)).relative).toBe("a (1)");
    expect([await readFile(join(root, "a"), "utf8"), await readFile(join(root, "a (1)"), "utf8")]).toEqual([
      "",
      "received",
    ]);
    expect((await placeFile(placement, "a", unclaimed, refused)).relative).toBe("a (1)");
  });

  test("killed between claiming a name and renaming, the same name is used", async () => {
    const placement = await prepare();
    await writeFile(join(root, "a"), "");
    await writeFile(placement.claim, "a");
    expect((await placeFile(placement, "a", unclaimed, refused)).relative).toBe("a");
    expect(await readFile(join(root, "a"), "utf8")).toBe("received");
  });
});

const mayMount = spawnSync("unshare", ["-rm", "true"]).status === 0;

test("a full or read-only disk is said with its own code and a hint, and what was kept stays readable", async ({
  skip,
}) => {
  skip(!mayMount, "this machine lets nobody make a small file system of their own");
  const program = new URL("full-disk.fixture.ts", import.meta.url).pathname;
  const script = 'mount -t tmpfs -o size=1m none "$0" && exec "$@"';
  const run = spawnSync(
    "unshare",
    ["-rm", "sh", "-c", script, root, process.execPath, "--conditions=@bulla/source", program, root],
    { encoding: "utf8" },
  );
  expect(run.stderr).toBe("");
  expect(JSON.parse(run.stdout)).toEqual({
    full: "file/no-space",
    hints: true,
    kept: "abc",
    readOnly: "file/unwritable",
  });
});
