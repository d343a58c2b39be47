import { createHash } from "node:crypto";
import { createNodePrimitives } from "@bulla/client/node";
import { encodeEvent, encodeTransfer, eventOf } from "@bulla/content";
import {
  type ChainBook,
  type Chapter,
  type Cursor,
  chunkRoot,
  constitutionHash,
  createBlobKey,
  createBlobSalt,
  createChain,
  createDeviceSecrets,
  createSegmentCipher,
  deviceKeysOf,
  encodeDeviceSecrets,
  followEnd,
  foundSpace,
  newestPin,
  type OuterRecord,
  type Primitives,
  peekRecord,
  planBlob,
  prepareChange,
  readRecord,
  type SignedRecord,
  sealChunk,
  sealEnvelope,
  sealLasting,
  signOperation,
  signReceipt,
  startCursor,
  startSealing,
} from "@bulla/core";
import { hexOf, InternalError, labelBytes, parseHandle, utf8 } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import { signedStatementCodec } from "@bulla/wire/identity";
import { encodeReceiptFile, manifestHash } from "@bulla/wire/receipt";

/** Random bytes that come out the same every time: block i is SHA-256(seed ‖ " " ‖ i). */
function seeded(seed: string): Primitives {
  let count = 0;
  return createNodePrimitives((length) => {
    const blocks: Uint8Array[] = [];
    for (let have = 0; have < length; have += 32)
      blocks.push(createHash("sha256").update(`${seed} ${count++}`).digest());
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
  });
}

const day = 20_000;
const handle = parseHandle("alice@home.example");

async function founder() {
  const primitives = seeded("docs/protocol");
  const secrets = createDeviceSecrets(primitives);
  const { chain, statement } = await createChain(primitives, handle, secrets, day);
  const book: ChainBook = { chainOf: (asked) => (asked === handle ? chain : undefined) };
  return { primitives, secrets, chain, statement, book, me: { handle, deviceId: secrets.deviceId } };
}

/** docs/protocol/examples/spaces.json */
export async function spacesExample() {
  const { primitives, secrets, statement, book, me } = await founder();
  const { recordKey } = await deviceKeysOf(primitives, secrets);
  const { chapter, opening } = await foundSpace(
    primitives,
    me,
    secrets,
    book,
    { kind: "self", home: "home.example" },
    day,
  );
  const heads: Uint8Array[] = [];
  const pieces = new Map<string, Uint8Array>();
  let cursor = startCursor(primitives, chapter);
  heads.push(cursor.head);
  let closingRecord: SignedRecord | undefined;
  const lookups = {
    pieceOf: async (id: Uint8Array) => pieces.get(hexOf(id)),
    headAt: async (at: number) => heads[at],
    signatureAt: async () => undefined,
  };
  const read = async (record: OuterRecord): Promise<Cursor> => {
    const step = await readRecord(primitives, chapter, cursor, { kind: "record", ...record }, { book, me, ...lookups });
    if (step.outcome.kind === "closing") closingRecord = step.outcome.record;
    if (step.outcome.kind === "part") pieces.set(hexOf(step.outcome.recordId), step.outcome.piece);
    if (step.outcome.kind === "refused" || step.outcome.kind === "fork")
      throw new InternalError(`the example's record is ${step.outcome.kind}`);
    heads.push(step.cursor.head);
    return step.cursor;
  };
  for (const record of opening) cursor = await read(record);

  const event = encodeEvent(eventOf({ kind: "note", text: "hello" }, primitives.random(16)));
  const said = await sealLasting(primitives, me, secrets, chapter, cursor, 0, event);
  const seenBefore = { position: cursor.position, head: cursor.head };
  cursor = await read(said);

  const operationBody = {
    kind: "setPolicy",
    policy: { version: 1, history: "now", retentionDays: null, approvals: 1 },
  } as const;
  const basis = constitutionHash(primitives, chapter.constitution);
  const operation = await signOperation(primitives, me, secrets, {
    version: 1,
    space: chapter.space,
    basis,
    body: operationBody,
  });
  const change = await prepareChange(primitives, me, secrets, chapter, cursor, book, {
    operations: [operation],
    add: [],
  });
  const boundTo = { position: cursor.position, head: cursor.head };
  for (const record of [...change.parts, change.closing]) cursor = await read(record);
  const followed = await followEnd(
    primitives,
    chapter,
    cursor,
    { recordId: change.closing.recordId, record: closingRecord },
    {
      book,
      me,
      pending: change.pending,
      pieceOf: lookups.pieceOf,
      headAt: lookups.headAt,
    },
  );
  if (followed.kind !== "next") throw new InternalError("the example's change did not hold");
  const [signature] = operation.signatures;
  const openings = await peekRecord(primitives, chapter.stream, chapter, opening.at(-1) ?? said);
  return {
    about:
      "worked example of spaces.md and streams.md: one device founds a self space, says a note, and changes the policy. Lower-case hex; made from a fixed seed. A change here is a change of the protocol",
    device: {
      handle,
      secrets: hexOf(encodeDeviceSecrets(secrets)),
      deviceId: hexOf(me.deviceId),
      recordKey: hexOf(recordKey),
      firstStatement: hexOf(encode(signedStatementCodec, statement)),
    },
    pin: { position: newestPin(book, handle).position, hash: hexOf(newestPin(book, handle).hash) },
    chapter0: chapterExample(primitives, chapter),
    opening: {
      records: opening.map(recordExample),
      content: openings?.kind === "opening" ? hexOf(openings.record.content) : "",
      headAfter: hexOf(seenBefore.head),
    },
    note: {
      position: seenBefore.position,
      event: hexOf(event),
      ...recordExample(said),
      headAfter: hexOf(boundTo.head),
    },
    operation: {
      bytes: hexOf(operation.operation),
      signature: signature === undefined ? "" : hexOf(signature.signature),
    },
    closing: {
      seen: boundTo.position,
      parts: change.parts.map(recordExample),
      ...recordExample(change.closing),
      previousEnd: hexOf(cursor.head),
    },
    chapter1: chapterExample(primitives, followed.chapter),
  };
}

function recordExample({ recordId, body }: OuterRecord) {
  return { recordId: hexOf(recordId), body: hexOf(body) };
}

function chapterExample(
  primitives: Primitives,
  { space, number, retry, context, key, stream, constitution, group, previousEnd }: Chapter,
) {
  if (group === undefined) throw new InternalError("the example has no group");
  return {
    space: hexOf(space),
    number,
    retry,
    transcript: hexOf(group.state.groupContext.confirmedTranscriptHash),
    exporterSecret: hexOf(group.state.keySchedule.exporterSecret),
    constitutionHash: hexOf(constitutionHash(primitives, constitution)),
    context: hexOf(context),
    chapterKey: hexOf(key),
    writeSeed: hexOf(stream.writeSeed),
    writeKey: hexOf(stream.writeKey),
    readSecret: hexOf(stream.readSecret),
    outerKey: hexOf(stream.outerKey),
    recordSecret: hexOf(stream.recordSecret),
    sid: hexOf(stream.sid),
    previousEnd: hexOf(previousEnd),
    firstHead: hexOf(
      startCursor(primitives, { space, number, retry, context, key, stream, constitution, group, previousEnd }).head,
    ),
  };
}

/** docs/protocol/examples/envelopes.json: sealing draws fresh randomness inside ML-KEM, so this one is made once and opened ever after. */
export async function envelopeExample() {
  const { primitives, secrets, statement, me } = await founder();
  const recipient = { handle: parseHandle("bob@home.example"), ...createDeviceSecrets(primitives) };
  const inboxKey = await primitives.xwingPublicKey(recipient.inboxSeed);
  const chapter = { number: 1, key: primitives.random(32), previousEnd: primitives.random(32) };
  const body = {
    kind: "invitation",
    home: "home.example",
    keyPackage: primitives.random(64),
    space: primitives.random(16),
    chapter,
    welcome: utf8("a Welcome"),
  } as const;
  const { deviceId } = recipient;
  const envelope = await sealEnvelope(
    primitives,
    me,
    secrets,
    [encode(signedStatementCodec, statement)],
    { handle: recipient.handle, deviceId },
    inboxKey,
    day,
    body,
  );
  return {
    about:
      "worked example of spaces.md: one invitation, as a device's inbox holds it. The Welcome in it is only a word. Lower-case hex",
    recipient: {
      handle: recipient.handle,
      deviceId: hexOf(deviceId),
      inboxSeed: hexOf(recipient.inboxSeed),
      inboxKey: hexOf(inboxKey),
    },
    sender: { handle: me.handle, deviceId: hexOf(me.deviceId) },
    chapterKey: hexOf(chapter.key),
    envelope: hexOf(envelope),
  };
}

/** docs/protocol/examples/blobs.json */
export async function blobsExample() {
  const primitives = seeded("docs/protocol/blobs");
  const plaintext = utf8("three short words");
  const key = createBlobKey(primitives.random);
  const salt = createBlobSalt(primitives.random);
  const sealing = startSealing(primitives, key, salt, plaintext.length);
  const source = {
    read: (offset: number, into: Uint8Array) => into.set(plaintext.subarray(offset, offset + into.length)),
  };
  const chunk = await sealChunk(createSegmentCipher(primitives), sealing, 0, source);
  const hash = primitives.sha256(chunk);
  const leaseSecret = primitives.random(32);
  const token = primitives.hkdfSha256(leaseSecret, hash, labelBytes("leaseSecret"), 32);
  const sizes = [0, 1, 65_448, 65_449, 100_000, 2 ** 20, 4 * 2 ** 20, 66_000_000, 2 ** 30];
  const root = chunkRoot(primitives, [hash]);
  const reference = {
    scheme: 1,
    key,
    size: plaintext.length,
    plaintextHash: primitives.sha256(plaintext),
    root,
    chunks: [hash],
  };
  const manifest = {
    version: 1,
    files: [{ path: "words.txt", size: plaintext.length, sha256: reference.plaintextHash }],
  } as const;
  const transferId = primitives.random(16);
  return {
    about:
      "worked example of blobs.md: one small blob. Lower-case hex; made from a fixed seed. A change here is a change of the protocol",
    plaintext: hexOf(plaintext),
    key: hexOf(key),
    salt: hexOf(salt),
    header: hexOf(sealing.header),
    plan: {
      paddedSize: sealing.plan.paddedSize,
      total: sealing.plan.total,
      segments: sealing.plan.segmentCount,
      chunks: sealing.plan.chunkCount,
    },
    firstBytes: hexOf(chunk.subarray(0, 96)),
    chunkHash: hexOf(hash),
    root: hexOf(root),
    lease: { secret: hexOf(leaseSecret), token: hexOf(token) },
    transfer: hexOf(encodeTransfer({ version: 1, transferId, manifest, blobs: [{ files: 1, reference }] })),
    totals: Object.fromEntries(sizes.map((size) => [`size ${size}`, planBlob(size).total])),
  };
}

/** docs/protocol/examples/receipts.json */
export async function receiptsExample() {
  const { primitives, secrets, chain, statement, book, me } = await founder();
  const manifest = {
    version: 1,
    files: [{ path: "report.txt", size: 3, sha256: primitives.sha256(utf8("abc")) }],
  } as const;
  const receipt = await signReceipt(primitives, secrets, {
    version: 1,
    transferId: primitives.random(16),
    manifest: manifestHash(primitives, manifest),
    sender: parseHandle("bob@home.example"),
    recipient: handle,
    deviceId: me.deviceId,
    chain: newestPin(book, handle),
    day,
  });
  const file = encodeReceiptFile({ version: 1, receipt, manifest, chain: [encode(signedStatementCodec, statement)] });
  return {
    about:
      "worked example of receipts.md. Lower-case hex; made from a fixed seed. A change here is a change of the protocol",
    recordKey: hexOf(chain.devices.get(hexOf(me.deviceId))?.keys.recordKey ?? new Uint8Array()),
    manifestHash: hexOf(manifestHash(primitives, manifest)),
    statement: hexOf(receipt.statement),
    signature: hexOf(receipt.signature),
    file: hexOf(file),
  };
}
