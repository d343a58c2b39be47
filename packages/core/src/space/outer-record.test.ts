import { concatBytes, isBullaError, labelBytes } from "@bulla/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { primitivesOf } from "../identity/primitives.fixture.ts";
import { type ChapterKey, streamSecrets } from "./chapter-keys.ts";
import { maxSealedBytes, type OuterRecord, type RecordKind, unwrapRecord, wrapRecord } from "./outer-record.ts";
import { innerBytes, rawRecord } from "./testing/craft.fixture.ts";
import { flipped } from "./testing/present.fixture.ts";

const primitives = primitivesOf();
const key = primitives.random(32) as ChapterKey;
const stream = streamSecrets(primitives, key, 0);
const kinds: readonly RecordKind[] = ["lasting", "fleeting", "part", "closing", "opening", "complaint"];
const holder = { world: { primitives }, chapter: { stream } } as Parameters<typeof rawRecord>[0];

const wrap = (length: number, kind: RecordKind = "lasting"): Promise<OuterRecord> =>
  wrapRecord(primitives, stream, { kind, sealed: primitives.random(length) });

/** Code and words of a refusal: all must be the same. */
async function refusal(record: OuterRecord, secrets = stream): Promise<string> {
  try {
    await unwrapRecord(primitives, secrets, record);
    return "accepted";
  } catch (error) {
    return isBullaError(error)
      ? `${error.code}: ${error.message} ${String(error.cause)} ${String(error.hint)}`
      : `broke: ${String(error)}`;
  }
}
const uniform = "core/open-failed: record cannot be opened undefined undefined";

describe("a wrapped record", () => {
  test("comes back with its kind, whatever its length", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.uint8Array({ maxLength: 5000 }), async (kind, sealed) => {
        expect(await unwrapRecord(primitives, stream, await wrapRecord(primitives, stream, { kind, sealed }))).toEqual({
          kind,
          sealed,
        });
      }),
      { numRuns: 60 },
    );
  });

  test("is exactly 1, 4 or 16 KiB, at every boundary", async () => {
    const sizes: readonly (readonly [number, number])[] = [
      [0, 1024],
      [1002, 1024],
      [1003, 1024],
      [1004, 4096],
      [4074, 4096],
      [4075, 4096],
      [4076, 16384],
      [16362, 16384],
      [maxSealedBytes, 16384],
    ];
    for (const [length, size] of sizes) {
      const record = await wrap(length);
      expect([length, record.body.length]).toEqual([length, size]);
      expect((await unwrapRecord(primitives, stream, record)).sealed).toHaveLength(length);
    }
    expect(maxSealedBytes).toBe(16363);
    await expect(wrap(maxSealedBytes + 1)).rejects.toMatchObject({ code: "wire/too-large" });
  });

  test("is the same for the same bytes, so that sending it again changes nothing, and shows nothing of its kind", async () => {
    const sealed = primitives.random(100);
    expect(await wrapRecord(primitives, stream, { kind: "part", sealed })).toEqual(
      await wrapRecord(primitives, stream, { kind: "part", sealed }),
    );
    expect((await wrapRecord(primitives, stream, { kind: "closing", sealed })).body).not.toEqual(
      (await wrapRecord(primitives, stream, { kind: "part", sealed })).body,
    );
  });

  test("is refused with any byte of it changed, always with the same words", async () => {
    const record = await wrap(300);
    for (let at = 0; at < record.body.length; at++)
      expect(await refusal({ ...record, body: flipped(record.body, at, 1 << (at % 8)) })).toBe(uniform);
    for (let at = 0; at < 16; at++)
      expect(await refusal({ ...record, recordId: flipped(record.recordId, at, 1 << (at % 8)) })).toBe(uniform);
    for (const length of [2000, 9000]) {
      const larger = await wrap(length);
      for (const at of [
        0,
        1,
        4,
        5,
        length + 4,
        length + 5,
        larger.body.length - 17,
        larger.body.length - 16,
        larger.body.length - 1,
      ])
        expect(await refusal({ ...larger, body: flipped(larger.body, at) })).toBe(uniform);
    }
    expect(await refusal(record)).toBe("accepted");
  });

  test("is refused in another stream, also of the same chapter's next retry", async () => {
    const record = await wrap(300);
    expect(await refusal(record, streamSecrets(primitives, key, 1))).toBe(uniform);
    expect(await refusal(record, streamSecrets(primitives, primitives.random(32) as ChapterKey, 0))).toBe(uniform);
    expect(await refusal(record, { ...stream, sid: primitives.random(32) })).toBe(uniform);
  });
});

describe("a holder of the keys", () => {
  const sealed = primitives.random(50);

  test("can make the records that follow (control)", async () => {
    expect(await refusal(await rawRecord(holder, innerBytes("lasting", sealed, 1024)))).toBe("accepted");
  });

  test("cannot hide anything in the padding", async () => {
    for (const at of [55, 56, 500, 1007])
      expect(await refusal(await rawRecord(holder, flipped(innerBytes("lasting", sealed, 1024), at)))).toBe(uniform);
  });

  test("cannot use a kind that there is not, or a length beyond the record", async () => {
    const inner = innerBytes("lasting", sealed, 1024);
    for (const byte of [0, 7, 255])
      expect(await refusal(await rawRecord(holder, new Uint8Array([byte, ...inner.subarray(1)])))).toBe(uniform);
    for (const length of [
      [0, 0, 3, 236],
      [255, 255, 255, 255],
    ])
      expect(await refusal(await rawRecord(holder, new Uint8Array([1, ...length, ...inner.subarray(5)])))).toBe(
        uniform,
      );
  });

  test("cannot choose a record's size or its id", async () => {
    for (const size of [16, 17, 20, 21, 1023, 1025, 2048])
      expect(await refusal(await rawRecord(holder, new Uint8Array(size - 16).fill(1, 0, 1)))).toBe(uniform);
    const recordId = primitives.random(16);
    const outer = primitives.hkdfSha256(stream.outerKey, recordId, labelBytes("outerRecord"), 32);
    const body = await primitives.sealAes256Gcm(
      outer,
      new Uint8Array(12),
      concatBytes(stream.sid, recordId),
      innerBytes("lasting", sealed, 1024),
    );
    expect(await refusal({ recordId, body })).toBe(uniform);
  });
});

test("keys of another purpose, retry or chapter never coincide", () => {
  const streams = [
    stream,
    streamSecrets(primitives, key, 1),
    streamSecrets(primitives, key, 256),
    streamSecrets(primitives, primitives.random(32) as ChapterKey, 0),
  ];
  const secrets = streams
    .flatMap(({ writeSeed, readSecret, outerKey, recordSecret, sid }) => [
      writeSeed,
      readSecret,
      outerKey,
      recordSecret,
      sid,
    ])
    .map(String);
  expect(new Set(secrets).size).toBe(20);
  expect(streamSecrets(primitives, key, 1)).toEqual(streams[1]);
});
