import { maxContentBytes } from "@bulla/core";
import { limits } from "@bulla/wire";
import { describe, expect, test } from "vitest";
import { readText } from "./pages.fixture.ts";

const grouped = (value: number): string => value.toLocaleString("en-US");
const mebibytes = (value: number): string => `${value / 2 ** 20} MiB`;

/** Sentences that name a number of the code. */
const sentences: Readonly<Record<string, readonly string[]>> = {
  "docs/protocol/requests.md": [
    `good for ${limits.nonceSeconds} seconds, once`,
    `Envelopes expire after ${limits.defaultExpiryDays} days`,
  ],
  "docs/protocol/streams.md": [
    `at most ${grouped(limits.maxRecordBytes + 1024)} bytes`,
    `at most \`max\` records and at most ${mebibytes(limits.maxReadBytes)}`,
    `from ${limits.minLeaseDays} to ${limits.maxLeaseDays} days ahead`,
  ],
  "docs/protocol/spaces.md": [
    `Content of a lasting record is at most ${grouped(maxContentBytes)} bytes`,
    `The largest \`sealed\` has ${grouped(limits.maxRecordBytes - 16 - 5)} bytes`,
    `pieces of ${grouped(limits.maxRecordBytes - 16 - 5 - 80)} bytes`,
    `members: [0*${limits.maxMembers} member]`,
  ],
  "docs/protocol/blobs.md": [
    `chunks of ${mebibytes(limits.chunkBytes)}`,
    `clients offer 1 to ${limits.maxExpiryDays}`,
    `Padmé(max(t, ${limits.blobFloorBytes}))`,
  ],
  "docs/threat-model.md": [
    `Records of a commit expire after ${limits.partDays} days`,
    `padded to at least ${limits.blobFloorBytes / 1024} KiB`,
  ],
};

describe("numbers in prose are those of the code:", () => {
  for (const [page, texts] of Object.entries(sentences)) {
    for (const text of texts) test(`${page}: ${text}`, () => expect(readText(page)).toContain(text));
  }
});
