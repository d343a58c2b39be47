import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bulla, errorOf, isInstalled, runOnTerminal, Sandbox } from "./run-bulla.fixture.ts";

const box = new Sandbox();
const plaintext = new Uint8Array(3_000_001).map((_, i) => (i * 31) % 251);
let recipient = "";
beforeAll(async () => {
  writeFileSync(box.path("plain"), plaintext);
  const { code, stdout } = await box.run(["keygen", "-o", "key.txt"]);
  expect(code).toBe(0);
  recipient = stdout.trim();
  expect((await box.run(["seal", "plain", "-r", recipient, "-o", "sealed.age"])).code).toBe(0);
});
afterAll(() => box[Symbol.dispose]());

const [ageTool, ageKeygen] = ["age", "age-keygen"];
const hasAge = isInstalled(ageTool);
const hasPython = isInstalled("python3");

function age(args: readonly string[], input?: Uint8Array): Buffer {
  const { status, stdout, stderr } = spawnSync(ageTool, args, { cwd: box.folder, input, maxBuffer: 64 * 1024 * 1024 });
  expect(stderr.toString()).toBe("");
  expect(status).toBe(0);
  return stdout;
}

describe.skipIf(!hasAge)("beside the age tool", () => {
  test("age opens what bulla sealed, from a file and from a pipe, binary to a pipe too", async () => {
    expect(age(["-d", "-i", "key.txt", "sealed.age"]).equals(plaintext)).toBe(true);
    const { code, bytes } = await box.run(["seal", "-", "-o", "-", "-r", recipient], { input: plaintext });
    expect(code).toBe(0);
    writeFileSync(box.path("piped.age"), bytes);
    expect(age(["-d", "-i", "key.txt", "piped.age"]).equals(plaintext)).toBe(true);
  });

  test("bulla opens what age sealed, binary and armored, for any of its identities", async () => {
    spawnSync(ageKeygen, ["-o", box.path("other.txt")], { stdio: "ignore" });
    for (const [name, more] of [
      ["theirs.age", []],
      ["armored.age", ["-a"]],
    ] as const) {
      age(["-r", recipient, ...more, "-o", name, "plain"]);
      const opened = await box.run(["open", name, "-i", "other.txt", "-i", "key.txt", "--json"]);
      expect(opened.code).toBe(0);
      const out = name.replace(".age", "");
      expect(JSON.parse(opened.stdout)).toEqual({ out, size: plaintext.length });
      expect(readFileSync(box.path(out)).equals(plaintext)).toBe(true);
    }
  });

  test("several recipients can each open", async () => {
    const [, theirs = ""] = /public key: (age1\S+)/.exec(readFileSync(box.path("other.txt"), "utf8")) ?? [];
    expect((await box.run(["seal", "plain", "-r", recipient, "-r", theirs, "-o", "both.age"])).code).toBe(0);
    for (const key of ["key.txt", "other.txt"]) expect(age(["-d", "-i", key, "both.age"]).equals(plaintext)).toBe(true);
  });

  test.skipIf(!hasPython)("a passphrase typed on a terminal works both ways and is never shown", () => {
    const secret = "correct hörse";
    const sealed = runOnTerminal(
      box,
      [...bulla, "seal", "plain", "-p", "-o", "pass.age"],
      [
        ["passphrase for the file: ", `${secret}\r`],
        ["the same again: ", `${secret}\r`],
      ],
    );
    expect([sealed.code, sealed.shown.includes("hörse")]).toEqual([0, false]);
    const theirs = runOnTerminal(
      box,
      ["age", "-d", "-o", "pass.theirs", "pass.age"],
      [["passphrase: ", `${secret}\r`]],
    );
    expect(theirs.code).toBe(0);
    expect(readFileSync(box.path("pass.theirs")).equals(plaintext)).toBe(true);
    runOnTerminal(
      box,
      ["age", "-p", "-o", "typed.age", "plain"],
      [
        ["passphrase", `${secret}\r`],
        ["onfirm passphrase", `${secret}\r`],
      ],
    );
    const opened = runOnTerminal(
      box,
      [...bulla, "open", "typed.age", "-p"],
      [["passphrase of the file: ", `wrong\u0015${secret}x\u007f\r`]],
    );
    expect([opened.code, opened.shown.includes("hörse")]).toEqual([0, false]);
    expect(readFileSync(box.path("typed")).equals(plaintext)).toBe(true);
  });
});

describe.skipIf(!hasPython)("on a terminal", () => {
  test("two passphrases that differ are refused, and nothing is written", () => {
    const { code, shown } = runOnTerminal(
      box,
      [...bulla, "seal", "plain", "-p", "-o", "differ.age"],
      [
        ["passphrase for the file: ", "a\r"],
        ["the same again: ", "b\r"],
      ],
    );
    expect(code).toBe(2);
    expect(shown).toContain("bulla: error: the two passphrases differ");
    expect(existsSync(box.path("differ.age"))).toBe(false);
  });

  test("Ctrl-C at the question ends with exit code 130", () => {
    const { code, shown } = runOnTerminal(
      box,
      [...bulla, "open", "sealed.age", "-p", "-o", "never"],
      [["file: ", "abc\u0003"]],
    );
    expect(code).toBe(130);
    expect(shown).toContain("bulla: error: interrupted");
  });

  test("binary data is not put on the terminal", () => {
    const { code, shown } = runOnTerminal(box, [...bulla, "open", "sealed.age", "-i", "key.txt", "-o", "-"], []);
    expect(code).toBe(2);
    expect(shown).toContain("that would put binary data on the terminal");
  });
});

describe("keygen", () => {
  test("writes what age-keygen writes, for the owner only, and says the public key", () => {
    const text = readFileSync(box.path("key.txt"), "utf8");
    expect(text).toMatch(
      /^# created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n# public key: age1[a-z0-9]+\nAGE-SECRET-KEY-1[A-Z0-9]+\n$/,
    );
    expect(text).toContain(recipient);
    expect(statSync(box.path("key.txt")).mode & 0o777).toBe(0o600);
  });

  test("prints the same to standard output, or as JSON", async () => {
    const [plain, json] = await Promise.all([box.run(["keygen"]), box.run(["keygen", "--json"])]);
    expect(plain.stdout).toMatch(/^# created: .*\n# public key: age1.*\nAGE-SECRET-KEY-1.*\n$/);
    expect(JSON.parse(json.stdout)).toEqual({
      recipient: expect.stringMatching(/^age1/),
      identity: expect.stringMatching(/^AGE-SECRET-KEY-1/),
      out: null,
    });
  });

  test("makes post-quantum keys that seal and open", async () => {
    const made = await box.run(["keygen", "--pq", "-o", "pq.txt"]);
    expect(made.stdout).toMatch(/^age1pq1/);
    expect((await box.run(["seal", "plain", "-r", made.stdout.trim(), "-o", "pq.age"])).code).toBe(0);
    expect((await box.run(["open", "pq.age", "-i", "pq.txt", "-o", "pq.out"])).code).toBe(0);
    expect(readFileSync(box.path("pq.out")).equals(plaintext)).toBe(true);
  });
});

describe("nothing is overwritten", () => {
  test.each([
    ["seal", ["seal", "plain", "-r", "RECIPIENT", "-o", "taken"]],
    ["open", ["open", "sealed.age", "-i", "key.txt", "-o", "taken"]],
    ["keygen", ["keygen", "-o", "taken"]],
    ["open, onto a link that leads nowhere", ["open", "sealed.age", "-i", "key.txt", "-o", "dangling"]],
  ])("by %s", async (_, args) => {
    writeFileSync(box.path("taken"), "mine");
    if (!readdirSync(box.folder).includes("dangling")) symlinkSync("nowhere", box.path("dangling"));
    const ended = await box.run([...args.map((arg) => (arg === "RECIPIENT" ? recipient : arg)), "--json"]);
    expect(ended.code).toBe(1);
    expect(errorOf(ended)).toMatchObject({ code: "file/exists" });
    expect(readFileSync(box.path("taken"), "utf8")).toBe("mine");
    expect(existsSync(box.path("nowhere"))).toBe(false);
  });
});

describe("a file that is not right leaves nothing", () => {
  const cases: readonly (readonly [string, (sealed: Buffer) => Uint8Array, string])[] = [
    ["cut off", (sealed) => sealed.subarray(0, -1), "core/open-failed"],
    ["cut off between segments", (sealed) => sealed.subarray(0, 200 + 20 * 65_552), "core/open-failed"],
    ["changed near its end", (sealed) => flip(sealed, sealed.length - 30), "core/open-failed"],
    ["longer than it was", (sealed) => Buffer.concat([sealed, Buffer.of(0)]), "core/open-failed"],
    ["changed in its header", (sealed) => flip(sealed, 60), "age/no-identity-matched"],
    ["empty", () => new Uint8Array(), "age/malformed"],
  ];
  test.each(cases)("%s", async (name, change, code) => {
    const file = `${name.replaceAll(" ", "-")}.age`;
    writeFileSync(box.path(file), change(readFileSync(box.path("sealed.age"))));
    const before = readdirSync(box.folder).length;
    const ended = await box.run(["open", file, "-i", "key.txt", "--json"]);
    expect(ended.code).toBe(4);
    if (name !== "changed in its header") expect(errorOf(ended)).toMatchObject({ code });
    expect(readdirSync(box.folder).length).toBe(before);
    const shown = await box.run(["open", file, "-i", "key.txt", "-o", "-"]);
    expect([shown.code, shown.bytes.length]).toEqual([4, 0]);
  });

  test("the wrong key or passphrase", async () => {
    await box.run(["keygen", "-o", "wrong.txt"]);
    writeFileSync(box.path("pass.txt"), "wrong\n", { mode: 0o600 });
    for (const how of [
      ["-i", "wrong.txt"],
      ["--passphrase-file", "pass.txt"],
    ]) {
      const ended = await box.run(["open", "sealed.age", ...how, "-o", "not-there", "--json"]);
      expect(ended.code).toBe(4);
      expect(errorOf(ended)).toMatchObject({ code: "age/no-identity-matched" });
      expect(existsSync(box.path("not-there"))).toBe(false);
    }
  });

  function flip(bytes: Buffer, at: number): Buffer {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    return changed;
  }
});

describe("usage", () => {
  test.each([
    ["a folder", ["seal", "folder", "-r", "RECIPIENT"], "use tar"],
    ["no recipient", ["seal", "plain"], "give -r AGE_RECIPIENT, or -p for a passphrase"],
    ["recipient and passphrase", ["seal", "plain", "-r", "RECIPIENT", "-p"], "give -r, -p or --passphrase-file"],
    ["a handle as recipient", ["seal", "plain", "-r", "bob@acme.example"], "use bulla send"],
    ["a secret key as recipient", ["seal", "plain", "-r", "AGE-SECRET-KEY-1XXX"], "give the public key"],
    ["standard input without -o", ["seal", "-", "-r", "RECIPIENT"], "say where to write: -o OUT"],
    ["a name without .age", ["open", "plain", "-i", "key.txt"], "say where to write: -o OUT"],
    ["no key", ["open", "sealed.age", "-o", "x"], "give -i IDENTITY_FILE, or -p for a passphrase"],
    ["standard input to standard output", ["open", "-", "-i", "key.txt", "-o", "-"], "give a file for PATH or for -o"],
    ["no terminal to ask on", ["seal", "plain", "-r", "RECIPIENT", "--passphrase"], "give -r"],
  ])("%s", async (_, args, hint) => {
    if (!existsSync(box.path("folder"))) mkdirSync(box.path("folder"));
    const ended = await box.run([...args.map((arg) => (arg === "RECIPIENT" ? recipient : arg)), "--json"]);
    expect(ended.code).toBe(2);
    expect(errorOf(ended)).toMatchObject({ hint: expect.stringContaining(hint) });
    expect(ended.stderr).toMatch(/^bulla: error: .*\nbulla: hint: .*\n$/);
  });

  test("an identity file that is none is refused, and its text is not shown", async () => {
    writeFileSync(box.path("none.txt"), "# a comment\nMY-SECRET\n");
    const ended = await box.run(["open", "sealed.age", "-i", "none.txt", "-o", "x"]);
    expect([ended.code, ended.stderr.includes("MY-SECRET")]).toEqual([4, false]);
    expect(ended.stderr).toContain("line 2 is not an age identity");
  });
});

test("a passphrase file seals and opens, and one that others may read is warned about", async () => {
  writeFileSync(box.path("open-pass.txt"), "from a file\r\nsecond line\n", { mode: 0o644 });
  const sealed = await box.run(["seal", "plain", "--passphrase-file", "open-pass.txt", "-o", "filed.age"]);
  expect(sealed.code).toBe(0);
  expect(sealed.stderr).toContain("warning: others on this machine may read the passphrase file");
  expect((await box.run(["open", "filed.age", "--passphrase-file", "open-pass.txt"])).code).toBe(0);
  expect(readFileSync(box.path("filed")).equals(plaintext)).toBe(true);
  expect(statSync(box.path("filed")).mode & 0o777).toBe(0o600);
});

test("an interrupted seal leaves nothing and exits with 130; what a killed one left is cleared by the next", async () => {
  const before = new Set(readdirSync(box.folder));
  const added = (): readonly string[] => readdirSync(box.folder).filter((name) => !before.has(name));
  for (const signal of ["SIGINT", "SIGKILL"] as const) {
    const child = box.spawn(["seal", "-", "-r", recipient, "-o", "stopped.age"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.write(plaintext);
    while (added().length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    const [code] = await once(child, "exit");
    expect(code).toBe(signal === "SIGINT" ? 130 : null);
    expect(added().length).toBe(signal === "SIGINT" ? 0 : 1);
  }
  expect((await box.run(["seal", "plain", "-r", recipient, "-o", "stopped.age"])).code).toBe(0);
  expect(added()).toEqual(["stopped.age"]);
});

test("a reader of standard output that goes away early is no error", async () => {
  const { status, stderr } = spawnSync(
    "bash",
    ["-c", '"$@" | head -c 10 >/dev/null', "-", ...bulla, "open", "sealed.age", "-i", "key.txt", "-o", "-"],
    {
      cwd: box.folder,
      env: box.environment(),
      encoding: "utf8",
    },
  );
  expect([status, stderr.includes("error")]).toEqual([0, false]);
});
