import { concatBytes, labelBytes, uintBytes } from "@bulla/wire";
import { expect, test } from "vitest";
import { primitivesOf } from "../identity/primitives.fixture.ts";
import { type ChapterKey, streamSecrets } from "./chapter-keys.ts";
import { openAtPlace, type RecordPlace, sealAtPlace, sealOverheadBytes } from "./record-seal.ts";
import { answer, flipped } from "./testing/present.fixture.ts";

const primitives = primitivesOf();
const stream = streamSecrets(primitives, primitives.random(32) as ChapterKey, 0);
const place: RecordPlace = { space: primitives.random(16), number: 3, retry: 0, kind: "lasting" };
const plaintext = primitives.random(200);
const sealed = await sealAtPlace(primitives, stream, place, plaintext);
const open = (bytes: Uint8Array, at: RecordPlace = place, secrets = stream): Promise<string> =>
  answer(() => openAtPlace(primitives, secrets, at, bytes));

test("what was sealed at a place opens there, and never looks the same twice", async () => {
  expect(await openAtPlace(primitives, stream, place, sealed)).toEqual(plaintext);
  expect(sealed).toHaveLength(plaintext.length + sealOverheadBytes);
  expect(await sealAtPlace(primitives, stream, place, plaintext)).not.toEqual(sealed);
});

test("it does not open in another space, chapter, retry or kind, nor under other secrets", async () => {
  const elsewhere: readonly RecordPlace[] = [
    { ...place, space: primitives.random(16) },
    { ...place, number: 4 },
    { ...place, number: 2 ** 32 + 3 },
    { ...place, retry: 1 },
    ...(["fleeting", "part", "closing", "opening", "complaint"] as const).map((kind) => ({ ...place, kind })),
  ];
  for (const at of elsewhere) expect(await open(sealed, at)).toBe("core/open-failed");
  expect(await open(sealed, place, { ...stream, recordSecret: primitives.random(32) })).toBe("core/open-failed");
});

test("it does not open with any byte changed, cut short or made longer", async () => {
  for (let at = 0; at < sealed.length; at++)
    expect(await open(flipped(sealed, at, 1 << (at % 8)))).toBe("core/open-failed");
  for (const length of [0, 1, 31, 32, 63, 64, 65, 79, 80, sealed.length - 1])
    expect(await open(sealed.subarray(0, length))).toBe("core/open-failed");
  expect(await open(concatBytes(sealed, Uint8Array.of(0)))).toBe("core/open-failed");
});

test("a changed key commitment is refused, though ciphertext, key and place still fit", async () => {
  const changed = flipped(sealed, 40);
  expect(await open(changed)).toBe("core/open-failed");
  const key = primitives
    .hkdfSha256(stream.recordSecret, sealed.subarray(0, 32), labelBytes("recordKey"), 64)
    .subarray(0, 32);
  const associated = concatBytes(
    labelBytes("recordPlace"),
    place.space,
    uintBytes(place.number, 8),
    uintBytes(place.retry, 4),
    Uint8Array.of(1),
  );
  expect(await primitives.openAes256Gcm(key, new Uint8Array(12), associated, changed.subarray(64))).toEqual(plaintext);
});
