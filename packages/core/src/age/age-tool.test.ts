import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boundarySizes, bytesOfLength, open, seal } from "./age.fixture.ts";
import { ageRecipientOf, generateAgeIdentity, parseAgeIdentities } from "./age-keys.ts";

describe("the age tool", () => {
  if (spawnSync("age", ["--version"]).status !== 0) {
    test.skipIf(process.env["CI"] !== "true")("SKIPPED: the age tool is not on PATH (apt-get install age)", () =>
      expect.unreachable("age is missing"),
    );
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "bulla-age-"));
  const keyFile = join(folder, "key.txt");
  afterAll(() => rmSync(folder, { recursive: true }));
  beforeAll(() => execFileSync("age-keygen", ["-o", keyFile], { stdio: "pipe" }));

  test("opens what we seal and seals what we open, at every boundary", async () => {
    const identities = parseAgeIdentities(readFileSync(keyFile, "utf8"));
    const recipient = await ageRecipientOf(identities[0] ?? expect.unreachable());
    for (const size of boundarySizes) {
      const plaintext = bytesOfLength(size);
      const file = join(folder, "file.age");
      writeFileSync(file, await seal(plaintext, { recipients: [recipient] }));
      expect(
        execFileSync("age", ["-d", "-i", keyFile, file], { maxBuffer: 1e8 }).equals(plaintext),
        `opens ${size}`,
      ).toBe(true);
      const theirs = execFileSync("age", ["-e", "-r", recipient], { input: plaintext, maxBuffer: 1e8 });
      expect(Buffer.from(await open(theirs, { identities })).equals(plaintext), `seals ${size}`).toBe(true);
      const armored = execFileSync("age", ["-e", "-a", "-r", recipient], { input: plaintext, maxBuffer: 1e8 });
      expect(Buffer.from(await open(armored, { identities }, 4096)).equals(plaintext), `armors ${size}`).toBe(true);
    }
  });

  test("opens a file for a key that we made", async () => {
    const file = join(folder, "ours.age");
    const ourKey = join(folder, "our-key.txt");
    const mine = await generateAgeIdentity({ postQuantum: false });
    writeFileSync(ourKey, `# ours\n${mine.identity}\n`);
    writeFileSync(file, await seal(bytesOfLength(12_345), { recipients: [mine.recipient] }));
    expect(execFileSync("age", ["-d", "-i", ourKey, file]).equals(bytesOfLength(12_345))).toBe(true);
  });
});
