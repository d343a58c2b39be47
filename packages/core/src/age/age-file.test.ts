import { equalBytes, utf8 } from "@bulla/wire";
import { armor } from "age-encryption";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { boundarySizes, bytesOfLength, collect, cut, open, platform, seal } from "./age.fixture.ts";
import { openAge } from "./age-file.ts";
import { maxAgeHeaderBytes, openAgeHeader, sealAgeHeader } from "./age-header.ts";
import {
  type AgeKeyPair,
  ageRecipientOf,
  generateAgeIdentity,
  parseAgeIdentities,
  parseAgeRecipients,
} from "./age-keys.ts";
import { openedAgeLength } from "./age-payload.ts";

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

let classical: AgeKeyPair;
let postQuantum: AgeKeyPair;
beforeAll(async () => {
  classical = await generateAgeIdentity({ postQuantum: false });
  postQuantum = await generateAgeIdentity({ postQuantum: true });
});

describe("files", () => {
  test("open to what was sealed, at sizes around every boundary, for both kinds of key", async () => {
    for (const { identity, recipient } of [classical, postQuantum]) {
      for (const size of boundarySizes) {
        const plaintext = bytesOfLength(size);
        const file = await seal(plaintext, { recipients: [recipient] });
        expect(equalBytes(await open(file, { identities: [identity] }), plaintext), `${size}`).toBe(true);
      }
    }
  });

  test("do not depend on how the streams are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(200_000),
        fc.integer({ min: 1, max: 90_000 }),
        fc.integer({ min: 100, max: 90_000 }),
        async (size, inPieces, outPieces) => {
          const plaintext = bytesOfLength(size);
          const file = await seal(plaintext, { recipients: [classical.recipient] }, inPieces);
          expect(equalBytes(await open(file, { identities: [classical.identity] }, outPieces), plaintext)).toBe(true);
        },
      ),
      { numRuns: 25 },
    );
  });

  test("open for every recipient and for nobody else", async () => {
    const other = await generateAgeIdentity({ postQuantum: false });
    const stranger = await generateAgeIdentity({ postQuantum: false });
    const file = await seal(bytesOfLength(100), { recipients: [classical.recipient, other.recipient] });
    for (const { identity } of [classical, other])
      expect(await open(file, { identities: [stranger.identity, identity] })).toHaveLength(100);
    await expect(open(file, { identities: [stranger.identity, postQuantum.identity] })).rejects.toEqual(
      code("age/no-identity-matched"),
    );
    await expect(open(file, { passphrase: "x" })).rejects.toEqual(code("age/no-identity-matched"));
    await expect(open(file, { identities: [] })).rejects.toEqual(code("age/no-identity-matched"));
  });

  test("open with their passphrase only", async () => {
    const file = await seal(bytesOfLength(100), { passphrase: "correct horse", workFactor: 10 });
    expect(await open(file, { passphrase: "correct horse" })).toEqual(bytesOfLength(100));
    await expect(open(file, { passphrase: "wrong horse" })).rejects.toEqual(code("age/no-identity-matched"));
    await expect(open(file, { identities: [classical.identity] })).rejects.toEqual(code("age/no-identity-matched"));
  });

  test("that ask for too much scrypt are refused before the work", async () => {
    const { cipher } = platform;
    let worked = 0;
    const counting = {
      scrypt: (...args: Parameters<typeof cipher.scrypt>) => (worked++, cipher.scrypt(args[0], args[1], 10)),
    };
    const { header: tooMuch } = await sealAgeHeader(platform.primitives.random, counting, {
      passphrase: "x",
      workFactor: 21,
    });
    const { header: allowed } = await sealAgeHeader(platform.primitives.random, counting, {
      passphrase: "x",
      workFactor: 20,
    });
    worked = 0;
    await expect(openAgeHeader(counting, tooMuch, { passphrase: "x" })).rejects.toEqual(code("age/malformed"));
    expect(worked).toBe(0);
    await openAgeHeader(counting, allowed, { passphrase: "x" });
    expect(worked).toBe(1);
  });

  test("are refused when any bit or their end is changed", async () => {
    const file = await seal(bytesOfLength(70_000), { recipients: [classical.recipient] });
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), async (at, bit) => {
        const changed = file.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        await expect(open(changed, { identities: [classical.identity] })).rejects.toMatchObject({
          code: expect.stringMatching(/^(age\/|core\/open-failed)/),
        });
      }),
      { numRuns: 100 },
    );
    for (let cutOff = 1; cutOff < 70_000; cutOff += 997) {
      await expect(open(file.subarray(0, -cutOff), { identities: [classical.identity] })).rejects.toEqual(
        code("core/open-failed"),
      );
    }
    await expect(open(new Uint8Array([...file, 0]), { identities: [classical.identity] })).rejects.toEqual(
      code("core/open-failed"),
    );
  });

  test("with a header that never ends are refused at the limit, not when memory is", async () => {
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      yield utf8("age-encryption.org/v1\n-> X25519 ");
      for (;;) {
        given += 65536;
        yield new Uint8Array(65536).fill(0x61);
      }
    }
    await expect(collect(openAge(platform, endless(), { identities: [classical.identity] }))).rejects.toEqual(
      code("age/malformed"),
    );
    expect(given).toBeLessThanOrEqual(maxAgeHeaderBytes + 2 * 65536);
  });

  test("open from armor, and no other text is taken for one", async () => {
    const plaintext = bytesOfLength(200_001);
    const text = armor.encode(await seal(plaintext, { recipients: [classical.recipient] }));
    const secret = { identities: [classical.identity] };
    for (const variant of [text, text.replaceAll("\n", "\r\n"), `\n \n${text}\n\n `, text.trimEnd()]) {
      expect(equalBytes(await open(utf8(variant), secret, 1013), plaintext)).toBe(true);
    }
    const broken = [
      text.slice(0, -30),
      text.replace("\n", "\n\n"),
      `${text}x`,
      text.replace("BEGIN AGE", "BEGIN ARE"),
      `${" ".repeat(2000)}\n${text}`,
      `x${text}`,
    ];
    for (const variant of broken)
      await expect(open(utf8(variant), secret, 1013)).rejects.toEqual(code("age/malformed"));
  });

  test("let their source go when the reader stops early", async () => {
    const file = await seal(bytesOfLength(3_000_000), { recipients: [classical.recipient] });
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* cut(file, 10_000);
      } finally {
        closed = true;
      }
    }
    for await (const _ of openAge(platform, source(), { identities: [classical.identity] })) break;
    expect(closed).toBe(true);
  });

  test("a sealed length that no run of segments has is known as such", () => {
    expect(openedAgeLength(0, true, true)).toBeUndefined();
    expect(openedAgeLength(16, true, true)).toBe(0);
    expect(openedAgeLength(16, true, false)).toBeUndefined();
    expect(openedAgeLength(65552, false, true)).toBe(65536);
    expect(openedAgeLength(65553, true, true)).toBeUndefined();
    expect(openedAgeLength(65570, false, true)).toBeUndefined();
  });
});

describe("keys", () => {
  test("an identity file may have comments and empty lines", async () => {
    const text = `# created today\r\n\n${classical.identity}\r\n# public key: ${classical.recipient}\n ${postQuantum.identity} \n`;
    expect(parseAgeIdentities(text)).toEqual([classical.identity, postQuantum.identity]);
    expect(await ageRecipientOf(postQuantum.identity)).toBe(postQuantum.recipient);
    expect(parseAgeRecipients(`# team\n${classical.recipient}\n`)).toEqual([classical.recipient]);
  });

  test("a line that is no key is named by its number, not by its text", () => {
    expect(() => parseAgeIdentities(`${classical.identity}\nAGE-SECRET-KEY-1XYZ`)).toThrow(
      expect.objectContaining({ code: "core/bad-key", message: "line 2 is not an age identity" }),
    );
    expect(() => parseAgeIdentities(classical.recipient)).toThrow(code("core/bad-key"));
    expect(() => parseAgeIdentities("# nothing\n")).toThrow(code("core/bad-key"));
    expect(() => parseAgeRecipients(`${classical.recipient}x`)).toThrow(
      expect.objectContaining({ code: "age/bad-recipient", message: "line 1 is not an age recipient" }),
    );
    expect(() => parseAgeRecipients("")).toThrow(code("age/bad-recipient"));
  });

  test("a file needs a recipient, and a post-quantum file has no classical ones", async () => {
    await expect(seal(bytesOfLength(1), { recipients: [] })).rejects.toEqual(code("age/bad-recipient"));
    await expect(seal(bytesOfLength(1), { recipients: [classical.recipient, postQuantum.recipient] })).rejects.toEqual(
      code("age/bad-recipient"),
    );
  });
});
