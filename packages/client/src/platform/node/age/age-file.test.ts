import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AgeSecret,
  ageNonce,
  ageSegmentsIn,
  createPortableAgeCipher,
  generateAgeIdentity,
  openAge,
  sealAge,
} from "@bulla/core";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { createNodeAgeCipher } from "./age-cipher.ts";
import { createNodeAgePlatform, openAgeFile, sealAgeFile } from "./age-file.ts";

const platform = createNodeAgePlatform(createNodePrimitives());
const folder = mkdtempSync(join(tmpdir(), "bulla-age-file-"));
afterAll(() => rmSync(folder, { recursive: true }));
const plaintext = new Uint8Array(randomBytes(5_000_001));

async function run(
  name: string,
  input: Uint8Array,
  job: (input: Awaited<ReturnType<typeof open>>, output: Awaited<ReturnType<typeof open>>) => Promise<number>,
): Promise<Uint8Array> {
  const [from, to] = [join(folder, `${name}.in`), join(folder, `${name}.out`)];
  writeFileSync(from, input);
  await using source = await open(from);
  await using target = await open(to, "w");
  const written = await job(source, target);
  const bytes = readFileSync(to);
  expect(bytes.length).toBe(written);
  return new Uint8Array(bytes);
}

test("the cipher on node:crypto seals, opens and derives as the portable one does", async () => {
  const [node, portable] = [createNodeAgeCipher(), createPortableAgeCipher()];
  const key = plaintext.slice(0, 32);
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(300_000), fc.constantFrom(0, 65536, 131072)),
      fc.nat(2 ** 40),
      async (size, first) => {
        const bytes = plaintext.subarray(0, size);
        const length = size + 16 * ageSegmentsIn(size);
        const [a, b] = [new Uint8Array(length), new Uint8Array(length)];
        await node.sealSegments(key, first, bytes, true, a);
        await portable.sealSegments(key, first, bytes, true, b);
        expect(Buffer.from(a).equals(b)).toBe(true);
        const opened = new Uint8Array(size);
        expect(await node.openSegments(key, first, a, true, opened)).toBe(true);
        expect(Buffer.from(opened).equals(bytes)).toBe(true);
        expect(await node.openSegments(key, first, a, false, opened)).toBe(false);
        expect(await node.openSegments(key, first + 1, a, true, opened)).toBe(false);
      },
    ),
    { numRuns: 15 },
  );
  const salt = plaintext.slice(0, 16);
  expect(await node.scrypt("correct horse", salt, 12)).toEqual(await portable.scrypt("correct horse", salt, 12));
  expect([...ageNonce(0x010203, true)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 1]);
});

test("a file sealed into a file opens again, and the streams agree with it", async () => {
  const { identity, recipient } = await generateAgeIdentity({ postQuantum: true });
  const secret: AgeSecret = { identities: [identity] };
  for (const size of [0, 1, 65536, 1_048_576, 1_048_577, 5_000_001]) {
    const bytes = plaintext.subarray(0, size);
    const sealed = await run("seal", bytes, (input, output) =>
      sealAgeFile(platform, input, output, { recipients: [recipient] }),
    );
    expect(
      Buffer.from(await run("open", sealed, (input, output) => openAgeFile(platform, input, output, secret))).equals(
        bytes,
      ),
      `${size}`,
    ).toBe(true);
    const parts: Uint8Array[] = [];
    async function* once(): AsyncGenerator<Uint8Array, void, undefined> {
      yield sealed;
    }
    for await (const part of openAge(platform, once(), secret)) parts.push(part);
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  }
});

test("a passphrase with the default work factor opens what it sealed", async () => {
  const sealed = await run("pass", plaintext.subarray(0, 1000), (input, output) =>
    sealAgeFile(platform, input, output, { passphrase: "correct horse" }),
  );
  expect(
    await run("pass-open", sealed, (input, output) =>
      openAgeFile(platform, input, output, { passphrase: "correct horse" }),
    ),
  ).toEqual(plaintext.subarray(0, 1000));
});

test("a file that was cut off or changed fails before it is done", async () => {
  const { identity, recipient } = await generateAgeIdentity({ postQuantum: false });
  const sealed = await run("whole", plaintext, (input, output) =>
    sealAgeFile(platform, input, output, { recipients: [recipient] }),
  );
  const changed = sealed.slice();
  changed[4_000_000] = (changed[4_000_000] ?? 0) ^ 1;
  for (const bad of [sealed.subarray(0, -1), sealed.subarray(0, 200 + 16 * 65552), changed]) {
    const opening = run("bad", bad, (input, output) =>
      openAgeFile(platform, input, output, { identities: [identity] }),
    );
    await expect(opening).rejects.toEqual(expect.objectContaining({ code: "core/open-failed" }));
  }
});

test("a source that fails fails the sealing", async () => {
  const { recipient } = await generateAgeIdentity({ postQuantum: false });
  async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
    yield plaintext.subarray(0, 100);
    throw new Error("gone");
  }
  const reading = async (): Promise<void> => {
    for await (const _ of sealAge(platform, failing(), { recipients: [recipient] }));
  };
  await expect(reading()).rejects.toThrow("gone");
});
