import { spawn, spawnSync } from "node:child_process";
import { rmSync, truncateSync } from "node:fs";
import { open, readFile, writeFile } from "node:fs/promises";
import { Decrypter, Encrypter } from "age-encryption";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFile, seededBytes } from "../support/make-files.ts";
import { type Device, hashFile, Workplace } from "../support/workplace.ts";

/** BULLA_AGE_MIB=3072 makes files of three gibibytes, which take some minutes. */
const mebibytes = Number(process.env["BULLA_AGE_MIB"] ?? 100);
const hasAge = spawnSync("age", ["--version"]).status === 0;

let place: Workplace;
let anyone: Device;

beforeAll(() => {
  place = new Workplace();
  anyone = place.device("anyone");
});
afterAll(() => place[Symbol.asyncDispose]());

describe("the age tool", () => {
  if (!hasAge) {
    test.skipIf(process.env["CI"] !== "true")("SKIPPED: the age tool is not installed (apt-get install age)", () =>
      expect.unreachable("age is missing"),
    );
    return;
  }
  let plain: string;
  let hash: string;
  let keys: string;
  let recipient: string;

  beforeAll(async () => {
    plain = place.path("large");
    await makeLarge(plain, mebibytes);
    hash = await hashFile(plain);
    keys = place.path("keys");
    const made = spawnSync("age-keygen", ["-o", keys], { encoding: "utf8" });
    recipient = /age1\S+/.exec(made.stderr)?.[0] ?? expect.fail("age-keygen said no recipient");
  });

  test(`opens ${mebibytes} MiB that bulla sealed`, { timeout: patience() }, async () => {
    const sealed = place.path("by-bulla.age");
    const opened = place.path("by-bulla");
    await anyone.succeed(["seal", plain, "-r", recipient, "-o", sealed]);
    expect(await runAge(["-d", "-i", keys, "-o", opened, sealed])).toBe(0);
    expect(await hashFile(opened)).toBe(hash);
    // Three files of this size are enough.
    for (const file of [sealed, opened]) rmSync(file);
  });

  test(`seals ${mebibytes} MiB that bulla opens`, { timeout: patience() }, async () => {
    const sealed = place.path("by-age.age");
    const opened = place.path("by-age");
    expect(await runAge(["-r", recipient, "-o", sealed, plain])).toBe(0);
    await anyone.succeed(["open", sealed, "-i", keys, "-o", opened]);
    expect(await hashFile(opened)).toBe(hash);
    rmSync(opened);

    const last = await open(sealed, "r+");
    try {
      const { size } = await last.stat();
      await last.write(Uint8Array.of(1, 2, 3, 4), 0, 4, size - 20);
    } finally {
      await last.close();
    }
    const refused = await anyone.run(["open", sealed, "-i", keys, "-o", opened]);
    expect(refused.code).not.toBe(0);
    await expect(hashFile(opened)).rejects.toThrow("ENOENT");
  });
});

describe("the age-encryption package, with post-quantum keys", () => {
  const bytes = new Uint8Array(seededBytes("post-quantum", 300_001));
  let identity: string;
  let recipient: string;

  beforeAll(async () => {
    const { lines } = await anyone.succeed(["keygen", "--pq"]);
    identity = lines.find((line) => line.startsWith("AGE-SECRET-KEY-PQ-1")) ?? expect.fail("there is no key");
    recipient = /age1pq1\S+/.exec(lines.join("\n"))?.[0] ?? expect.fail("there is no recipient");
    await writeFile(place.path("pq-keys"), `${identity}\n`);
    await writeFile(place.path("pq-plain"), bytes);
  });

  test("opens what bulla sealed", async () => {
    await anyone.succeed(["seal", place.path("pq-plain"), "-r", recipient, "-o", place.path("pq.age")]);
    const peer = new Decrypter();
    peer.addIdentity(identity);
    expect(bytes).toEqual(await peer.decrypt(new Uint8Array(await readFile(place.path("pq.age")))));
  });

  test("seals what bulla opens", async () => {
    const peer = new Encrypter();
    peer.addRecipient(recipient);
    await writeFile(place.path("pq-theirs.age"), await peer.encrypt(bytes));
    const opened = place.path("pq-theirs");
    await anyone.succeed(["open", place.path("pq-theirs.age"), "-i", place.path("pq-keys"), "-o", opened]);
    expect(bytes).toEqual(new Uint8Array(await readFile(opened)));
  });
});

/** Up to 256 MiB of seeded bytes; above that, holes between them. */
async function makeLarge(path: string, size: number): Promise<void> {
  const mebibyte = 1024 * 1024;
  makeFile(path, Math.min(size, 256) * mebibyte, "large");
  truncateSync(path, size * mebibyte);
  const file = await open(path, "r+");
  try {
    for (let at = 512; at < size; at += 256) await file.write(seededBytes(`${at}`, 100_000), 0, 100_000, at * mebibyte);
    await file.write(seededBytes("end", 1000), 0, 1000, size * mebibyte - 1000);
  } finally {
    await file.close();
  }
}

function runAge(args: readonly string[]): Promise<number | null> {
  const child = spawn("age", args, { stdio: "ignore" });
  return new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
}

function patience(): number {
  return 180_000 + mebibytes * 500;
}
