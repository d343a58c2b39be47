import { encodingsOf, mutationsOf, readsOneSpelling, valuesOf } from "@bulla/testkit/properties";
import { limits } from "@bulla/wire";
import * as wireApi from "@bulla/wire/api";
import type { Codec } from "@bulla/wire/encoding";
import * as wireIdentity from "@bulla/wire/identity";
import * as wireReceipt from "@bulla/wire/receipt";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BlobReference, blobReferenceCodec } from "./blob-reference.ts";
import { eventCodec } from "./event.ts";
import { decodeTransfer, encodeTransfer, placesOf, type Transfer, transferCodec } from "./transfer.ts";

type TransferFile = Transfer["manifest"]["files"][number];
type TransferBlob = Transfer["blobs"][number];

const fileOf = (path: string, size: number): TransferFile => ({
  path,
  size,
  sha256: new Uint8Array(32).fill(size & 255),
});
const reference = (size: number): BlobReference => ({
  scheme: 1,
  key: new Uint8Array(32),
  size,
  plaintextHash: new Uint8Array(32),
  root: new Uint8Array(32),
  chunks: [],
});
const blobOf = (files: number, size: number): TransferBlob => ({ files, reference: reference(size) });
const transferOf = (files: readonly TransferFile[], blobs: readonly TransferBlob[]): Transfer => ({
  version: 1,
  transferId: new Uint8Array(16),
  manifest: { version: 1, files },
  blobs,
});
const refusal = (code: string): unknown => expect.objectContaining({ name: "BullaError", code });

const files = [fileOf("a", 3), fileOf("b/c", 0), fileOf("d", 5), fileOf("e", 7)];

describe("a transfer", () => {
  test("says in which blob and where each file lies", () => {
    const transfer = decodeTransfer(encodeTransfer(transferOf(files, [blobOf(3, 8), blobOf(1, 7)])));
    expect(placesOf(transfer).map(({ path, blob, offset, size }) => [path, blob, offset, size])).toEqual([
      ["a", 0, 0, 3],
      ["b/c", 0, 3, 0],
      ["d", 0, 3, 5],
      ["e", 1, 0, 7],
    ]);
  });

  test("may hold empty files only, and nothing at all", () => {
    expect(placesOf(transferOf([fileOf("a", 0)], [blobOf(1, 0)]))).toHaveLength(1);
    expect(placesOf(transferOf([], []))).toEqual([]);
  });

  test.each<readonly [string, readonly TransferFile[], readonly TransferBlob[]]>([
    ["its files are fewer bytes than a blob", files, [blobOf(3, 9), blobOf(1, 7)]],
    ["its files are more bytes than a blob", files, [blobOf(3, 7), blobOf(1, 7)]],
    ["the blobs add up but not each", files, [blobOf(3, 7), blobOf(1, 8)]],
    ["a file lies in no blob", files, [blobOf(3, 8)]],
    ["an empty file lies in no blob", [...files, fileOf("f", 0)], [blobOf(3, 8), blobOf(1, 7)]],
    ["there is no blob", files, []],
    ["a blob claims more files than there are", files, [blobOf(3, 8), blobOf(2, 7)]],
    ["a blob claims no file that there is", files, [blobOf(4, 15), blobOf(1, 0)]],
    ["a blob claims a huge number of files", files, [blobOf(Number.MAX_SAFE_INTEGER, 15)]],
  ])("is refused when %s", (_, of, blobs) => {
    const transfer = transferOf(of, blobs);
    expect(() => placesOf(transfer)).toThrow(refusal("transfer/refused"));
    expect(() => decodeTransfer(encodeTransfer(transfer))).toThrow(refusal("transfer/refused"));
  });

  test("with a blob of no files cannot be encoded", () => {
    expect(() => encodeTransfer(transferOf(files, [blobOf(4, 15), blobOf(0, 0)]))).toThrow(RangeError);
  });

  test.each(["", "/etc/passwd", "../up", "a/../../up", "a//b", "a/", "a\0b", "."])(
    "with the path %j cannot be encoded",
    (path) => {
      expect(() => encodeTransfer(transferOf([fileOf(path, 1)], [blobOf(1, 1)]))).toThrow(RangeError);
    },
  );

  test("whose blobs and files add up in any way comes back the same", () => {
    const groups = fc.array(
      fc.array(fc.integer({ min: 0, max: Math.floor(limits.maxBlobBytes / 5) }), { minLength: 1, maxLength: 5 }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(groups, (sizes) => {
        const all = sizes.flat().map((size, i) => fileOf(`file ${i}`, size));
        const transfer = transferOf(
          all,
          sizes.map((group) =>
            blobOf(
              group.length,
              group.reduce((sum, size) => sum + size, 0),
            ),
          ),
        );
        expect(decodeTransfer(encodeTransfer(transfer))).toEqual(transfer);
        expect(placesOf(transfer)).toHaveLength(all.length);
      }),
    );
  });
});

const contentCodecs: Readonly<Record<string, Codec<unknown>>> = {
  blobReference: blobReferenceCodec,
  event: eventCodec,
  transfer: transferCodec,
};

describe.each(Object.keys(contentCodecs))("the codec %s", (name) => {
  const codec = contentCodecs[name] ?? expect.fail();

  test("gives back what it is derived from", () => {
    fc.assert(
      fc.property(valuesOf(codec), encodingsOf(codec), (value, bytes) => {
        expect(codec.fromCbor(codec.toCbor(value), "item")).toEqual(value);
        expect(readsOneSpelling(codec, bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test("refuses changed bytes or reads the one spelling of another value", () => {
    fc.assert(
      fc.property(mutationsOf(encodingsOf(codec)), (input) => {
        readsOneSpelling(codec, input);
      }),
      { numRuns: 300 },
    );
  });
});

test("no codec of the wire reads what content says, and content reads nothing of the wire's", () => {
  const isCodec = (value: unknown): value is Codec<unknown> =>
    typeof value === "object" && value !== null && "fromCbor" in value;
  const wire = Object.entries({ ...wireApi, ...wireIdentity, ...wireReceipt }).flatMap(([name, value]) =>
    isCodec(value) ? [[name, value] as const] : [],
  );
  expect(wire.length).toBeGreaterThan(18);
  const samples = (codec: Codec<unknown>): readonly Uint8Array[] =>
    fc.sample(encodingsOf(codec), { numRuns: 25, seed: 11 });
  const mixed: string[] = [];
  for (const [name, codec] of Object.entries(contentCodecs)) {
    for (const [other, foreign] of [...wire, ...Object.entries(contentCodecs).filter(([one]) => one !== name)]) {
      if (samples(codec).some((input) => readsOneSpelling(foreign, input))) mixed.push(`${name} > ${other}`);
      if (samples(foreign).some((input) => readsOneSpelling(codec, input))) mixed.push(`${other} > ${name}`);
    }
  }
  expect(mixed).toEqual([]);
});
