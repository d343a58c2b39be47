import { readVectors, vectorFolder } from "@bulla/testkit";
import { bytesOfHex, concatBytes, equalBytes, hexOf, isBullaError } from "@bulla/wire";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inflate } from "../inflate.fixture.ts";
import { cipher, collect, cut, patternBytes, primitives, streamOf } from "./blob.fixture.ts";
import { deriveMessage, openedLength, sealedLength, segmentNonce } from "./cobblestone.ts";
import { type MessageStream, openMessage, sealMessage } from "./message-stream.ts";
import { runLength } from "./segment-cipher.ts";

interface Case {
  readonly tcId: number;
  readonly comment: string;
  readonly key: string;
  readonly ctx: string;
  readonly ct: string;
  readonly msgLength?: number;
  readonly msgSha512?: string;
  readonly result: string;
}

const hex = (text: string): Uint8Array => bytesOfHex(text) ?? expect.unreachable(text);
const sha512 = (bytes: Uint8Array): string => hexOf(primitives.sha512(bytes));
const streamFor = (testCase: Pick<Case, "key" | "ctx">, batch?: number): MessageStream => ({
  primitives,
  cipher,
  inputKey: hex(testCase.key),
  context: hex(testCase.ctx),
  ...(batch === undefined ? {} : { batch }),
});

/** What a reader gets: the bytes given out and whether the end was reached. */
async function read(
  stream: MessageStream,
  pieces: Iterable<Uint8Array>,
): Promise<{ readonly bytes: Uint8Array; readonly refused: boolean }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const part of openMessage(stream, streamOf(pieces))) parts.push(part.slice());
  } catch (error) {
    if (!isBullaError(error, "blob/refused")) throw error;
    return { bytes: concatBytes(...parts), refused: true };
  }
  return { bytes: concatBytes(...parts), refused: false };
}

interface CaseFile {
  readonly testGroups: readonly { readonly tests: readonly Case[] }[];
  readonly numberOfTests: number;
}

const folder = vectorFolder();
const official =
  folder.kind === "found"
    ? await readVectors<CaseFile>(folder.path, "wycheproof/c2sp_chunked_encryption_aes_256_gcm_test.json")
    : undefined;
const cases = await Promise.all(
  (official?.testGroups ?? [])
    .flatMap((group) => group.tests)
    .map(async (testCase) => ({ ...testCase, sealed: await inflate(hex(testCase.ct)) })),
);

describe("the official cases of Wycheproof", () => {
  test.skipIf(official === undefined)("there are 35 of them", () => {
    expect(cases).toHaveLength(35);
    expect(official?.numberOfTests).toBe(35);
  });

  const ways: readonly (readonly [string, number | undefined, (bytes: Uint8Array) => Iterable<Uint8Array>])[] = [
    ["buffered", undefined, (bytes) => [bytes]],
    ["streamed", 1, (bytes) => cut(bytes, 1000)],
    ["byte by byte", 2, (bytes) => cut(bytes, 1)],
  ];
  for (const [name, batch, cutting] of ways) {
    test.each(cases)(`${name}: case $tcId, $comment, is $result`, async (testCase) => {
      const { bytes, refused } = await read(streamFor(testCase, batch), cutting(testCase.sealed));
      expect(refused).toBe(testCase.result === "invalid");
      if (testCase.result === "valid") expect(bytes.length).toBe(testCase.msgLength);
      if (testCase.result === "valid") expect(sha512(bytes)).toBe(testCase.msgSha512);
      if (refused) expect(bytes.length).toBeLessThanOrEqual(testCase.msgLength ?? 0);
    });
  }

  test.each(cases.filter(({ result }) => result === "valid"))(
    "sealing again gives the bytes of case $tcId",
    async (testCase) => {
      const stream = streamFor(testCase);
      const plaintext = await collect(openMessage(stream, streamOf([testCase.sealed])));
      const sealed = await collect(sealMessage(stream, testCase.sealed.slice(0, 24), streamOf([plaintext])));
      expect(equalBytes(sealed, testCase.sealed)).toBe(true);
    },
  );
});

// Transcribed from the same file, so that a clone without the folder checks something official.
describe("transcribed official cases", () => {
  const key = "59454c4c4f57205355424d4152494e452059454c4c4f57205355424d4152494e";
  const transcribed: readonly Pick<Case, "tcId" | "ctx" | "ct" | "result" | "msgSha512">[] = [
    {
      tcId: 1,
      ctx: "",
      ct: "43a2e39431cbae0389d3fc86adf46f7c3a24de88d9311617e53f3164cc1d5dc738a66b97f0bf786565c31799c2f463d50a7e10046011dc6fc3c939e3a5db7affb6191551669554fb",
      result: "valid",
      msgSha512: "cf83e1357eefb8bdf1542850d66d8007",
    },
    {
      tcId: 2,
      ctx: "",
      ct: "a1a1b56f6db58cd1ede0c5c9db62aef20d3f96a6c594bb9252bb38122de91236502b42a1d7fcab820ffa292940d2f86add212cfa42c38df19d3cc9139ee61a5990d3db57433514229beea49a8a72bd",
      result: "valid",
      msgSha512: "e85f32a85f1d4f7c9b2d36d20eca8435",
    },
    {
      tcId: 9,
      ctx: "7465737420636f6e74657874",
      ct: "dbedaefc1c35dc6c0f22b743b03e488747166a51f33479e7ceb8b7e11cc0d2710f624a127501bc4aea7d0af6f83cfe359b9e69415aa537f36adf86eb35b070475baa039bb7791432adbca49578bbd3",
      result: "valid",
      msgSha512: "e85f32a85f1d4f7c9b2d36d20eca8435",
    },
    {
      tcId: 10,
      ctx: "7465737400636f6e74657874",
      ct: "12ede102c3ef730da4f3d4dbfaf11003683238315befe73b21ebb2246ac19f3a7d50abd2a5a365f7652bda670814dbc883ce618256d2d513bd238c2c0dded7614d52bef77bc04273656df97a294323",
      result: "valid",
      msgSha512: "e85f32a85f1d4f7c9b2d36d20eca8435",
    },
    {
      tcId: 11,
      ctx: "",
      ct: "0093274a932cb4340ca678d500719d80ccc21f69c49586a8cae519f1ae94a13a97038610177fe840ac755f6604849272444b0de559508a2a00538b8dd8cc3a83e14df1343fa14630a2",
      result: "invalid",
    },
    {
      tcId: 16,
      ctx: "",
      ct: "2842319b678e0b222150bc2cb8a4cc5c4704c293a215a9702107b9b385fa1a62072a478a944b1bfb5b349f78cd32e0c4502e84213f8e9d1f00",
      result: "invalid",
    },
    {
      tcId: 21,
      ctx: "",
      ct: "a7bf214ab87afe86ae30940aba6d25aa92d1c26a7c4de03ece1f5f63bd31ca5d9517ce97effb9ce62c4f01433335d070ca3de6243f4cb67a00a4deb622c6b80140d1c88f54ade32fdc",
      result: "invalid",
    },
    {
      tcId: 25,
      ctx: "77726f6e6720636f6e74657874",
      ct: "36201844cafc0e596bec8782c560b7b1d065b90a94d227007f07a7185f0c1f449310232a0ff1d5667ece42aff4e7c0359df78ece43b312d50034c80236b5c7900f7eebe540d242b8eb",
      result: "invalid",
    },
    {
      tcId: 26,
      ctx: "",
      ct: "7c510aa191fdb799b3715106fb9da30a3e314a08a12bf1eed6084369ad9560c21c856d0087e1206c5c1e9a994b3ca98542e0fe1ffef9e23c0091398606b7077f679901eea490bb8f6b",
      result: "invalid",
    },
  ];
  test.each(transcribed)("case $tcId is $result", async (testCase) => {
    const { bytes, refused } = await read(streamFor({ key, ctx: testCase.ctx }), [hex(testCase.ct)]);
    expect(refused).toBe(testCase.result === "invalid");
    if (!refused) expect(sha512(bytes).startsWith(testCase.msgSha512 ?? "")).toBe(true);
  });
});

describe("messages", () => {
  const inputKey = patternBytes(32);
  const context = patternBytes(5);
  const salt = patternBytes(24);

  test("any length opens to what was sealed, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.nat(70_000), fc.constantFrom(0, 16383, 16384, 16385, 32768, 65536)),
        fc.integer({ min: 1, max: 40_000 }),
        fc.integer({ min: 1, max: 4 }),
        async (size, piece, batch) => {
          const plaintext = patternBytes(size);
          const stream: MessageStream = { primitives, cipher, inputKey, context, batch };
          const sealed = await collect(sealMessage(stream, salt, streamOf(cut(plaintext, piece))));
          expect(sealed.length).toBe(sealedLength(size));
          expect(openedLength(sealed.length)).toBe(size);
          const { bytes, refused } = await read(stream, cut(sealed, piece));
          expect(refused).toBe(false);
          expect(equalBytes(bytes, plaintext)).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
  });

  test("a length that no message has is known as such", () => {
    const lengths = new Set(Array.from({ length: 40_000 }, (_, size) => sealedLength(size)));
    for (let total = 0; total < 50_000; total++) {
      if (total <= sealedLength(39_999)) expect(openedLength(total) !== undefined).toBe(lengths.has(total));
    }
  });

  test("a segment's number goes into its nonce big-endian, up to 2^38", () => {
    const base = new Uint8Array(12);
    expect([...segmentNonce(base, 0x0102)].slice(10)).toEqual([1, 2]);
    expect([...segmentNonce(base, 2 ** 38 - 1)].slice(7)).toEqual([0x3f, 255, 255, 255, 255]);
    expect(segmentNonce(patternBytes(12), 0)).toEqual(patternBytes(12));
  });

  test("a key or salt of another length is refused", () => {
    expect(() => deriveMessage(primitives, patternBytes(31), salt, context)).toThrow(
      expect.objectContaining({ code: "blob/refused" }),
    );
    expect(() => deriveMessage(primitives, inputKey, patternBytes(23), context)).toThrow(
      expect.objectContaining({ code: "blob/refused" }),
    );
  });

  test("lengths that fit no run of segments are a bug of the caller", () => {
    expect(runLength(0, 16)).toBe(1);
    expect(runLength(16384, 16400)).toBe(1);
    expect(runLength(16384, 16416)).toBe(2);
    expect(() => runLength(16384, 16401)).toThrow(RangeError);
    expect(() => runLength(100, 100)).toThrow(RangeError);
  });
});
