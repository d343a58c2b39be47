import { flipBit, valuesOf } from "@bulla/testkit/properties";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatBytes, hexOf, utf8 } from "../encoding/bytes.ts";
import { encode } from "../encoding/codec.ts";
import { isBullaError } from "../errors.ts";
import { parseHandle } from "../handle.ts";
import { pinOf, type VerifiedChain, verifyChain } from "../identity/chain.ts";
import { type SignedStatement, signedStatementCodec } from "../identity/statement.ts";
import { certificateOf, linkAfter, type SigningKey, signingDevice, verifier } from "../signing-device.fixture.ts";
import { isTransferPath, type Manifest, manifestCodec, manifestHash } from "./manifest.ts";
import {
  decodeReceiptFile,
  encodeReceiptFile,
  type ReceiptFile,
  type ReceiptStatement,
  receiptFileCodec,
  receiptSigningBytes,
  receiptStatementCodec,
  type SignedReceipt,
  verifyReceipt,
  verifyReceiptFile,
} from "./receipt.ts";

const recipient = parseHandle("bob@acme.example");
const sender = parseHandle("alice@other.example");
const [laptop, phone, tablet] = [signingDevice("laptop"), signingDevice("phone"), signingDevice("tablet")];

/** laptop creates, adds the phone, revokes the phone, adds the tablet. */
const links: SignedStatement[] = [];
links.push(linkAfter(links, laptop, { kind: "create", handle: recipient, device: certificateOf(laptop, recipient) }));
links.push(linkAfter(links, laptop, { kind: "addDevice", device: certificateOf(phone, recipient) }));
links.push(linkAfter(links, laptop, { kind: "revokeDevice", deviceId: phone.id }));
links.push(linkAfter(links, laptop, { kind: "addDevice", device: certificateOf(tablet, recipient) }));
const chain = await verifyChain(verifier, recipient, links);
const otherChain = await verifyChain(verifier, recipient, [
  linkAfter([], tablet, { kind: "create", handle: recipient, device: certificateOf(tablet, recipient) }),
]);

const manifest: Manifest = {
  version: 1,
  files: [
    { path: "report.pdf", size: 3, sha256: verifier.sha256(utf8("abc")) },
    { path: "a/b.txt", size: 0, sha256: verifier.sha256() },
  ],
};

const statementAt = (position: number, change: Partial<ReceiptStatement> = {}): ReceiptStatement => ({
  version: 1,
  transferId: new Uint8Array(16).fill(7),
  manifest: manifestHash(verifier, manifest),
  sender,
  recipient,
  deviceId: phone.id,
  chain: pinOf(chain, position),
  day: 20_000,
  ...change,
});

function signed(statement: ReceiptStatement, key: SigningKey = phone.record): SignedReceipt {
  const bytes = encode(receiptStatementCodec, statement);
  return { statement: bytes, signature: key.sign(receiptSigningBytes(bytes)) };
}

const check = (
  receipt: SignedReceipt,
  against: VerifiedChain = chain,
  files: Manifest = manifest,
): Promise<ReceiptStatement> => verifyReceipt(verifier, receipt, against, files);
const refusal = (code: string, message?: RegExp): unknown =>
  expect.objectContaining({
    name: "BullaError",
    code,
    ...(message === undefined ? {} : { message: expect.stringMatching(message) }),
  });

describe("a receipt", () => {
  test("verifies, and says what was signed", async () => {
    await expect(check(signed(statementAt(2)))).resolves.toEqual(statementAt(2));
  });

  test("of a device that was revoked later verifies at the position that it names", async () => {
    expect(chain.position).toBe(4);
    await check(signed(statementAt(2)));
  });

  test("of a device that was suspended at that position is refused", async () => {
    for (const position of [3, 4])
      await expect(check(signed(statementAt(position)))).rejects.toThrow(refusal("identity/suspended-device"));
    await check(signed(statementAt(4, { deviceId: laptop.id }), laptop.record));
  });

  test("of a device that was not yet there at that position is refused", async () => {
    await expect(check(signed(statementAt(1)))).rejects.toThrow(refusal("identity/suspended-device"));
    await expect(check(signed(statementAt(3, { deviceId: tablet.id }), tablet.record))).rejects.toThrow(
      refusal("identity/suspended-device"),
    );
    await check(signed(statementAt(4, { deviceId: tablet.id }), tablet.record));
  });

  test("of a device that the chain does not know is refused", async () => {
    const unknown = signingDevice("unknown");
    await expect(check(signed(statementAt(2, { deviceId: unknown.id }), unknown.record))).rejects.toThrow(
      refusal("identity/unknown-device"),
    );
  });

  test("for other files is refused, whatever about them differs", async () => {
    const receipt = signed(statementAt(2));
    const [first, second] = manifest.files;
    if (first === undefined || second === undefined) return expect.fail();
    const others: readonly Manifest["files"][] = [
      [],
      [first],
      [second, first],
      [first, second, second],
      [{ ...first, path: "Report.pdf" }, second],
      [{ ...first, size: 4 }, second],
      [{ ...first, sha256: flipBit(first.sha256, 0) }, second],
    ];
    for (const files of others)
      await expect(check(receipt, chain, { version: 1, files })).rejects.toThrow(
        refusal("receipt/refused", /other files/),
      );
  });

  test("against another chain of the same handle is refused", async () => {
    await expect(check(signed(statementAt(1, { deviceId: laptop.id }), laptop.record), otherChain)).rejects.toThrow(
      refusal("receipt/refused", /another identity chain/),
    );
    await check(signed(statementAt(1, { deviceId: laptop.id }), laptop.record));
  });

  test("that names a position which the chain does not have is refused", async () => {
    for (const position of [0, 5, 1024]) {
      await expect(check(signed(statementAt(2, { chain: { position, hash: pinOf(chain, 2).hash } })))).rejects.toThrow(
        refusal("receipt/refused", /another identity chain/),
      );
    }
  });

  test("of another account is refused", async () => {
    const eve = parseHandle("eve@acme.example");
    await expect(check(signed(statementAt(2, { recipient: eve })))).rejects.toThrow(
      refusal("receipt/refused", /another account/),
    );
  });

  test("with a wrong signature is refused", async () => {
    const receipt = signed(statementAt(2));
    for (const key of [laptop.record, phone.chain, phone.request, phone.leaf]) {
      await expect(check(signed(statementAt(2), key))).rejects.toThrow(refusal("receipt/refused", /signature/));
    }
    await expect(check({ ...receipt, signature: flipBit(receipt.signature, 100) })).rejects.toThrow(
      refusal("receipt/refused", /signature/),
    );
    await expect(check({ ...receipt, signature: phone.record.sign(receipt.statement) })).rejects.toThrow(
      refusal("receipt/refused", /signature/),
    );
    await expect(check({ ...signed(statementAt(2, { day: 20_001 })), signature: receipt.signature })).rejects.toThrow(
      refusal("receipt/refused", /signature/),
    );
  });

  test("with a statement that is none is refused", async () => {
    const statement = Uint8Array.of(0xff);
    await expect(check({ statement, signature: phone.record.sign(receiptSigningBytes(statement)) })).rejects.toThrow(
      refusal("wire/malformed"),
    );
  });
});

const file: ReceiptFile = {
  version: 1,
  receipt: signed(statementAt(2)),
  manifest,
  chain: links.map((link) => encode(signedStatementCodec, link)),
};

describe("a receipt file", () => {
  test("verifies on its own, years later", async () => {
    const verified = await verifyReceiptFile(verifier, decodeReceiptFile(encodeReceiptFile(file)));
    expect(verified.statement).toEqual(statementAt(2));
    expect(verified.chain).toEqual(chain);
  });

  test("may hold the chain up to the named position only, and not less", async () => {
    await verifyReceiptFile(verifier, { ...file, chain: file.chain.slice(0, 2) });
    await expect(verifyReceiptFile(verifier, { ...file, chain: file.chain.slice(0, 1) })).rejects.toThrow(
      refusal("receipt/refused"),
    );
    await expect(verifyReceiptFile(verifier, { ...file, chain: [] })).rejects.toThrow(refusal("identity/bad-chain"));
  });

  test("comes back the same, and begins with a line that names it", () => {
    fc.assert(
      fc.property(valuesOf(receiptFileCodec), (value) => {
        expect(decodeReceiptFile(encodeReceiptFile(value))).toEqual(value);
      }),
      { numRuns: 40 },
    );
    expect(hexOf(encodeReceiptFile(file).subarray(0, 16))).toBe(hexOf(utf8("bulla-receipt-1\n")));
  });

  test("of another format is refused", () => {
    const bytes = encodeReceiptFile(file);
    for (const input of [
      new Uint8Array(),
      bytes.subarray(0, 15),
      bytes.subarray(16),
      concatBytes(utf8("bulla-receipt-2\n"), bytes.subarray(16)),
    ]) {
      expect(() => decodeReceiptFile(input)).toThrow(refusal("receipt/refused"));
    }
    expect(() => decodeReceiptFile(concatBytes(bytes, Uint8Array.of(0)))).toThrow(refusal("wire/malformed"));
    expect(() => decodeReceiptFile(bytes.subarray(0, -1))).toThrow(refusal("wire/malformed"));
  });

  test("with any byte changed is refused", async () => {
    const bytes = encodeReceiptFile(file);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length * 8 - 1), async (bit) => {
        const work = async (): Promise<unknown> => verifyReceiptFile(verifier, decodeReceiptFile(flipBit(bytes, bit)));
        const outcome = await work().then(
          () => "accepted",
          (error: unknown) => isBullaError(error),
        );
        expect(outcome).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("a path inside a transfer", () => {
  test.each(["a", "a/b", "a b.txt", "...", ".hidden", "a/..b", "\u00e9/\u6c34", "c:\\x"])("may be %j", (path) => {
    expect(isTransferPath(path)).toBe(true);
  });

  test.each(["", "/", "/a", "a/", "a//b", ".", "..", "a/.", "./a", "../a", "a/../b", "a\0", "\0"])(
    "may not be %j",
    (path) => {
      expect(isTransferPath(path)).toBe(false);
      expect(() =>
        encode(manifestCodec, { version: 1, files: [{ path, size: 0, sha256: new Uint8Array(32) }] }),
      ).toThrow(RangeError);
    },
  );
});

test("the manifest's hash is under its own label and changes with every field", () => {
  expect(manifestHash(verifier, manifest)).toEqual(
    verifier.sha256(utf8("bulla/1 manifest\0"), encode(manifestCodec, manifest)),
  );
  expect(hexOf(manifestHash(verifier, { version: 1, files: [] }))).not.toBe(hexOf(manifestHash(verifier, manifest)));
});
