import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join as joinPath } from "node:path";
import { createNodePrimitives } from "@bulla/client/node";
import { chunkRoot, decodeDeviceSecrets, openEnvelope } from "@bulla/core";
import { parseHandle } from "@bulla/wire";
import { type Cbor, decodeCbor, encodeCbor } from "@bulla/wire/encoding";
import { decodeReceiptFile, verifyReceiptFile } from "@bulla/wire/receipt";
import { describe, expect, test } from "vitest";
import {
  asBytes,
  asList,
  blobBytes,
  bytes,
  commitBinding,
  contextOf,
  decodeSigned,
  firstHead,
  hex,
  isSigned,
  join,
  label,
  mlsExporter,
  nextHead,
  openCobblestone,
  openSealed,
  partHash,
  sha256,
  signedBytes,
  streamOf,
  unwrap,
  zeros,
} from "./by-the-page.fixture.ts";
import { blobsExample, envelopeExample, receiptsExample, spacesExample } from "./examples.fixture.ts";
import { isWriting, readText, root, writeText } from "./pages.fixture.ts";

const primitives = createNodePrimitives();

/** What a file of docs/protocol/examples holds. */
async function frozen<T>(file: string, make: () => Promise<T>, isRepeatable = true): Promise<T> {
  const path = `docs/protocol/examples/${file}`;
  const isThere = existsSync(joinPath(root, path));
  if (isWriting && (isRepeatable || !isThere)) writeText(path, `${JSON.stringify(await make(), undefined, 2)}\n`);
  return JSON.parse(readText(path)) as T;
}

describe("the worked examples of docs/protocol come out of the code, byte for byte:", () => {
  test("spaces", async () => expect(await spacesExample()).toEqual(await frozen("spaces.json", spacesExample)));
  test("blobs", async () => expect(await blobsExample()).toEqual(await frozen("blobs.json", blobsExample)));
  test("receipts", async () => expect(await receiptsExample()).toEqual(await frozen("receipts.json", receiptsExample)));
});

describe("the formulas of docs/protocol, written a second time, give the worked examples:", () => {
  test("context, chapter key, stream and first head of both chapters", async () => {
    const { chapter0, chapter1 } = await frozen("spaces.json", spacesExample);
    for (const chapter of [chapter0, chapter1]) {
      const context = contextOf(
        bytes(chapter.space),
        chapter.number,
        bytes(chapter.transcript),
        bytes(chapter.constitutionHash),
      );
      expect(hex(context)).toBe(chapter.context);
      const key = mlsExporter(bytes(chapter.exporterSecret), "bulla/1 chapter", context, 32);
      expect(hex(key)).toBe(chapter.chapterKey);
      const stream = streamOf(key, 0, primitives.ed25519PublicKey);
      for (const name of ["writeSeed", "writeKey", "readSecret", "outerKey", "recordSecret", "sid"] as const)
        expect(hex(stream[name])).toBe(chapter[name]);
      expect(hex(firstHead(context, 0, bytes(chapter.previousEnd)))).toBe(chapter.firstHead);
    }
    expect(chapter0.previousEnd).toBe(hex(zeros(32)));
  });

  test("constitutions, recomputed from the operation", async () => {
    const { device, pin, chapter0, chapter1 } = await frozen("spaces.json", spacesExample);
    const constitution = (number: number, history: string): Cbor => [
      1,
      bytes(chapter0.space),
      number,
      "self",
      83,
      "home.example",
      [1, history, null, 1],
      [[device.handle, "owner", 0, [pin.position, bytes(pin.hash)], [bytes(device.deviceId)]]],
      null,
    ];
    const hash = (value: Cbor): string => hex(sha256(label("bulla/1 constitution"), encodeCbor(value)));
    expect(hash(constitution(0, "all"))).toBe(chapter0.constitutionHash);
    expect(hash(constitution(1, "now"))).toBe(chapter1.constitutionHash);
  });

  test("the opening: its parts, its signature, what it names", async () => {
    const { chapter0, opening, device } = await frozen("spaces.json", spacesExample);
    const pieces = new Map<string, Uint8Array>();
    for (const { recordId, body } of opening.records.slice(0, -1)) {
      const { kind, plaintext } = openRecord(chapter0, recordId, body);
      expect(kind).toBe(3);
      pieces.set(recordId, plaintext);
    }
    const last = opening.records.at(-1);
    const { kind, plaintext } = openRecord(chapter0, last?.recordId ?? "", last?.body ?? "");
    expect(kind).toBe(5);
    const signed = decodeSigned(plaintext);
    expect(
      isSigned(
        bytes(device.recordKey),
        signedBytes(bytes(chapter0.context), placeOf(chapter0, kind), signed),
        signed.signature,
      ),
    ).toBe(true);
    const [groupInfo, constitution, previousEnd] = asList(decodeCbor(signed.content, { maxBytes: 16384 }));
    for (const reference of [groupInfo, constitution]) {
      const [hash, records] = asList(reference);
      const object = join(...asList(records).map((id) => pieces.get(hex(asBytes(id))) ?? zeros(0)));
      expect(hex(partHash(object))).toBe(hex(asBytes(hash)));
    }
    expect(hex(asBytes(previousEnd))).toBe(chapter0.previousEnd);
  });

  test("the note: record id, wrap, seal, claims, signature and heads", async () => {
    const { chapter0, opening, note, device } = await frozen("spaces.json", spacesExample);
    let head = bytes(chapter0.firstHead);
    for (const { recordId, body } of opening.records) head = nextHead(head, bytes(recordId), bytes(body));
    expect(hex(head)).toBe(opening.headAfter);
    expect(hex(nextHead(head, bytes(note.recordId), bytes(note.body)))).toBe(note.headAfter);
    const { kind, plaintext } = openRecord(chapter0, note.recordId, note.body);
    expect(kind).toBe(1);
    const signed = decodeSigned(plaintext);
    expect(hex(signed.content)).toBe(note.event);
    expect(encodeCbor(signed.claims)).toEqual(
      encodeCbor([[device.handle, bytes(device.deviceId)], 1, note.position, head]),
    );
    expect(
      isSigned(
        bytes(device.recordKey),
        signedBytes(bytes(chapter0.context), placeOf(chapter0, kind), signed),
        signed.signature,
      ),
    ).toBe(true);
    expect(
      isSigned(
        bytes(device.recordKey),
        signedBytes(bytes(chapter0.context), placeOf(chapter0, 4), signed),
        signed.signature,
      ),
    ).toBe(false);
  });

  test("the closing record, what it names, and the binding inside its commit", async () => {
    const { chapter0, chapter1, note, operation, closing, device } = await frozen("spaces.json", spacesExample);
    const { kind, plaintext } = openRecord(chapter0, closing.recordId, closing.body);
    expect(kind).toBe(4);
    const signed = decodeSigned(plaintext);
    expect(
      isSigned(
        bytes(device.recordKey),
        signedBytes(bytes(chapter0.context), placeOf(chapter0, kind), signed),
        signed.signature,
      ),
    ).toBe(true);
    const [commit, operations, welcome, constitutionHash, answers] = asList(
      decodeCbor(signed.content, { maxBytes: 16384 }),
    );
    expect([welcome, answers]).toEqual([null, []]);
    expect(hex(asBytes(constitutionHash))).toBe(chapter1.constitutionHash);
    const objectOf = (reference: Cbor | undefined): Uint8Array => {
      const [hash, records] = asList(reference);
      const pieces = asList(records).map((id) => {
        const part = closing.parts.find(({ recordId }) => recordId === hex(asBytes(id)));
        return openRecord(chapter0, part?.recordId ?? "", part?.body ?? "").plaintext;
      });
      const object = join(...pieces);
      expect(hex(partHash(object))).toBe(hex(asBytes(hash)));
      return object;
    };
    const binding = commitBinding(
      bytes(chapter0.space),
      1,
      bytes(chapter1.constitutionHash),
      bytes(note.headAfter),
      closing.seen,
    );
    expect(hex(objectOf(commit))).toContain(hex(binding));
    const [[inner, signatures] = []] = asList(decodeCbor(objectOf(operations), { maxBytes: 16384 })).map(asList);
    expect(hex(asBytes(inner))).toBe(operation.bytes);
    const [[signer, signature] = []] = asList(signatures).map(asList);
    const message = join(label("bulla/1 operation"), encodeCbor(signer ?? null), bytes(operation.bytes));
    expect(isSigned(bytes(device.recordKey), message, asBytes(signature))).toBe(true);
    let head = bytes(note.headAfter);
    for (const { recordId, body } of [...closing.parts, closing]) head = nextHead(head, bytes(recordId), bytes(body));
    expect(hex(head)).toBe(closing.previousEnd);
    expect(hex(head)).toBe(chapter1.previousEnd);
  });

  test("an envelope opens for its device, and for no other", async () => {
    const { recipient, sender, chapterKey, envelope } = await frozen("envelopes.json", envelopeExample, false);
    const { device } = await frozen("spaces.json", spacesExample);
    const secrets = { ...decodeDeviceSecrets(bytes(device.secrets)), inboxSeed: bytes(recipient.inboxSeed) };
    const me = { handle: parseHandle(recipient.handle), deviceId: bytes(recipient.deviceId) };
    const opened = await openEnvelope(primitives, me, secrets, bytes(envelope));
    expect(hex(opened.sender.deviceId)).toBe(sender.deviceId);
    expect(opened.body.kind === "invitation" && hex(opened.body.chapter.key)).toBe(chapterKey);
    await expect(openEnvelope(primitives, { ...me, deviceId: zeros(16) }, secrets, bytes(envelope))).rejects.toThrow(
      "envelope cannot be opened",
    );
  });

  test("blobs: padding rule, Cobblestone, chunk hash, root and delete token", async () => {
    const example = await frozen("blobs.json", blobsExample);
    for (const [name, total] of Object.entries(example.totals))
      expect(blobBytes(Number(name.replace("size ", "")))).toBe(total);
    const { chunk } = await sealedBlob(example);
    expect(hex(sha256(chunk))).toBe(example.chunkHash);
    const context = join(label("bulla/1 blob"), Uint8Array.of(1));
    const plaintext = openCobblestone(bytes(example.key), context, chunk);
    expect(plaintext.length).toBe(example.plan.paddedSize);
    expect(hex(plaintext.subarray(0, 17))).toBe(example.plaintext);
    expect(plaintext.subarray(17).every((byte) => byte === 0)).toBe(true);
    const root = sha256(label("bulla/1 chunk root"), bytes("0000000000000001"), bytes(example.chunkHash));
    expect(hex(root)).toBe(example.root);
    expect(hex(chunkRoot(primitives, [bytes(example.chunkHash)]))).toBe(example.root);
  });

  test("a receipt and its file", async () => {
    const { recordKey, manifestHash, statement, signature, file } = await frozen("receipts.json", receiptsExample);
    const abc = new Uint8Array(createHash("sha256").update("abc").digest());
    expect(hex(sha256(label("bulla/1 manifest"), encodeCbor([1, [["report.txt", 3, abc]]])))).toBe(manifestHash);
    expect(isSigned(bytes(recordKey), join(label("bulla/1 receipt"), bytes(statement)), bytes(signature))).toBe(true);
    expect(new TextDecoder().decode(bytes(file).subarray(0, 16))).toBe("bulla-receipt-1\n");
    const verified = await verifyReceiptFile(primitives, decodeReceiptFile(bytes(file)));
    expect(verified.statement.recipient).toBe("alice@home.example");
  });
});

type ExampleChapter = Awaited<ReturnType<typeof spacesExample>>["chapter0"];

function placeOf({ space, number, retry }: ExampleChapter, kind: number) {
  return { space: bytes(space), number, retry, kind };
}

function openRecord(
  chapter: ExampleChapter,
  recordId: string,
  body: string,
): { readonly kind: number; readonly plaintext: Uint8Array } {
  const { kind, sealed } = unwrap(bytes(chapter.outerKey), bytes(chapter.sid), bytes(recordId), bytes(body));
  return { kind, plaintext: openSealed(bytes(chapter.recordSecret), placeOf(chapter, kind), sealed) };
}

/** The frozen example holds only the first bytes of its chunk; the rest follows from key, salt and plaintext. */
async function sealedBlob({
  key,
  salt,
  plaintext,
  firstBytes,
}: Awaited<ReturnType<typeof blobsExample>>): Promise<{ readonly chunk: Uint8Array }> {
  const { blobKeyOf, createSegmentCipher, sealChunk, startSealing } = await import("@bulla/core");
  const source = {
    read: (offset: number, into: Uint8Array) => into.set(bytes(plaintext).subarray(offset, offset + into.length)),
  };
  const sealing = startSealing(primitives, blobKeyOf(bytes(key)), bytes(salt), bytes(plaintext).length);
  const chunk = (await sealChunk(createSegmentCipher(primitives), sealing, 0, source)).slice();
  expect(hex(chunk).startsWith(firstBytes)).toBe(true);
  return { chunk };
}
