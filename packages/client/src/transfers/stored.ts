import { blobReferenceCodec } from "@bulla/content";
import { limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  flag,
  list,
  nullable,
  struct,
  text,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { handleCodec } from "@bulla/wire/identity";
import { manifestCodec, signedReceiptCodec } from "@bulla/wire/receipt";

// What transfers keep in the device's sealed store. Places are plain words and hex.

const hash = bytes(32);
const noteCodec = text(limits.maxNoteBytes);
const skippedCodec = list(struct({ path: text(32_768), why: text(16) }), 10_000_000);
const chunkHashes = list(hash, limits.maxBlobBytes / limits.chunkBytes);

const planShape = struct({
  version: version(1),
  /** Milliseconds: for the order of lists. */
  order: uint(),
  day: uint(10_000_000),
  expiryDay: uint(10_000_000),
  /** Of the command, so that the same one goes on with it; none for a stream, which cannot be read again. */
  fingerprint: nullable(hash),
  spool: nullable(text(64)),
  note: nullable(noteCodec),
  skipped: skippedCodec,
  files: list(
    struct({
      source: text(32_768),
      path: text(limits.maxPathBytes),
      size: uint(limits.maxBlobBytes),
      version: text(256),
    }),
    1_000_000,
  ),
  /** How many files each blob holds. */
  blobs: list(uint(), 1_000_000),
});
export type StoredPlan = CodecValue<typeof planShape>;
export const planCodec: Codec<StoredPlan> = planShape;

const recipientShape = struct({ handle: handleCodec, transferId: bytes(16), said: flag });
export type StoredRecipient = CodecValue<typeof recipientShape>;
export const recipientCodec: Codec<StoredRecipient> = recipientShape;

const blobShape = struct({
  key: hash,
  salt: bytes(24),
  leaseSecret: hash,
  /** Once everything is on the service. */
  done: nullable(struct({ plaintextHash: hash, fileHashes: list(hash, 1_000_000), chunks: chunkHashes })),
});
export type StoredBlob = CodecValue<typeof blobShape>;
export const blobCodec: Codec<StoredBlob> = blobShape;

export const sentStates = ["queued", "sent", "delivered", "received", "refused"] as const;
const sentShape = struct({
  version: version(1),
  to: handleCodec,
  space: text(128),
  order: uint(),
  day: uint(10_000_000),
  expiryDay: uint(10_000_000),
  /** Index into `sentStates`. */
  state: uint(sentStates.length - 1),
});
export type StoredSent = CodecValue<typeof sentShape>;
export const sentCodec: Codec<StoredSent> = sentShape;

const sentFilesShape = struct({ manifest: manifestCodec, skipped: skippedCodec });
export type StoredSentFiles = CodecValue<typeof sentFilesShape>;
export const sentFilesCodec: Codec<StoredSentFiles> = sentFilesShape;

/** What ends the leases of a transfer's chunks. */
const leasesShape = list(struct({ secret: hash, chunks: chunkHashes }), 1_000_001);
export type StoredLeases = CodecValue<typeof leasesShape>;
export const leasesCodec: Codec<StoredLeases> = leasesShape;

const sentReceiptShape = struct({
  receipt: signedReceiptCodec,
  chain: list(bytes({ max: limits.maxStatementBytes + 256 }), limits.maxChainStatements),
});
export type StoredReceipt = CodecValue<typeof sentReceiptShape>;
export const sentReceiptCodec: Codec<StoredReceipt> = sentReceiptShape;

const incomingShape = struct({
  version: version(1),
  space: text(128),
  author: handleCodec,
  deviceId: bytes(16),
  transferId: bytes(16),
  order: uint(),
  note: nullable(noteCodec),
  host: text(260),
  expiryDay: uint(10_000_000),
  transfer: variant({
    inline: [1, struct({ transfer: bytes({ max: limits.maxInlineManifestBytes }) })],
    blob: [2, struct({ reference: blobReferenceCodec })],
  }),
  /** Whether the sender was told that it is being fetched. */
  delivered: flag,
  /** The folder that the files under way lie in. */
  out: nullable(text(32_768)),
});
export type StoredIncoming = CodecValue<typeof incomingShape>;
export const incomingCodec: Codec<StoredIncoming> = incomingShape;

/** `claimed`: verified, and about to get its name; placing it again is harmless. */
const fileShape = variant({
  claimed: [1, struct({})],
  kept: [2, struct({})],
  refused: [3, struct({})],
  expired: [4, struct({})],
});
export type StoredFile = CodecValue<typeof fileShape>;
export const fileCodec: Codec<StoredFile> = fileShape;

export const places = {
  plans: "upload/",
  plan: (job: string): string => `upload/${job}`,
  recipients: (job: string): string => `upload-to/${job}/`,
  recipient: (job: string, index: number): string => `upload-to/${job}/${index}`,
  blobs: (job: string): string => `upload-blob/${job}/`,
  blob: (job: string, blob: number): string => `upload-blob/${job}/${blob}`,
  jobChunks: (job: string): string => `upload-chunk/${job}/`,
  chunks: (job: string, blob: number): string => `upload-chunk/${job}/${blob}/`,
  chunk: (job: string, blob: number, index: number): string => `upload-chunk/${job}/${blob}/${index}`,
  allSent: "sent/",
  sent: (transfer: string): string => `sent/${transfer}`,
  sentFiles: (transfer: string): string => `sent-files/${transfer}`,
  sentLeases: (transfer: string): string => `sent-leases/${transfer}`,
  sentReceipt: (transfer: string): string => `sent-receipt/${transfer}`,
  unsettledReceipt: (transfer: string): string => `sent-unsettled/${transfer}`,
  allIncoming: "incoming/",
  incoming: (key: string): string => `incoming/${key}`,
  /** What is over: known, so that it does not come twice. */
  incomingDone: (key: string): string => `incoming-done/${key}`,
  files: (key: string): string => `incoming-file/${key}/`,
  file: (key: string, index: number): string => `incoming-file/${key}/${index}`,
} as const;

/** The last part of a place. */
export function lastOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

const storedLimits = { maxBytes: 2 ** 31, maxItems: 2 ** 27 } as const;

/** @throws BullaError wire/* */
export function load<T>(codec: Codec<T>, value: Uint8Array): T {
  return decode(codec, value, storedLimits);
}

export function save<T>(codec: Codec<T>, value: T): Uint8Array {
  return encode(codec, value);
}
