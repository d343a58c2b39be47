import { utf8 } from "./encoding/bytes.ts";

/** The one registry of domain-separation labels. Whatever is hashed, signed, derived or used as associated data begins with one of them,
 *  so bytes made for one purpose mean nothing for another. No label is a prefix of another: each ends with NUL when used as a prefix. */
export const labels = {
  // identity
  statement: "bulla/1 identity statement",
  statementHash: "bulla/1 identity statement hash",
  keyPossession: "bulla/1 key possession",
  createFingerprint: "bulla/1 create fingerprint",
  // requests
  connectionProof: "bulla/1 stream proof",
  leaseToken: "bulla/1 lease token",
  inboxCapability: "bulla/1 inbox capability",
  // streams
  streamId: "bulla/1 stream id",
  recordId: "bulla/1 record id",
  streamWrite: "bulla/1 stream write",
  streamRead: "bulla/1 stream read",
  streamOuter: "bulla/1 stream outer",
  outerRecord: "bulla/1 outer record",
  // spaces
  context: "bulla/1 context",
  chapter: "bulla/1 chapter",
  chapterRecords: "bulla/1 chapter records",
  recordKey: "bulla/1 record key",
  recordPlace: "bulla/1 record place",
  recordSignature: "bulla/1 record signature",
  head: "bulla/1 head",
  constitution: "bulla/1 constitution",
  operation: "bulla/1 operation",
  commitBinding: "bulla/1 commit binding",
  part: "bulla/1 part",
  envelope: "bulla/1 envelope",
  envelopeSignature: "bulla/1 envelope signature",
  // blobs and transfers
  blobContext: "bulla/1 blob",
  chunkRoot: "bulla/1 chunk root",
  leaseSecret: "bulla/1 lease secret",
  manifest: "bulla/1 manifest",
  receipt: "bulla/1 receipt",
  // the local store
  storeKey: "bulla/1 store key",
  storeValue: "bulla/1 store value",
  spool: "bulla/1 spool",
} as const;

export type Label = keyof typeof labels;

const prefixes = new Map<Label, Uint8Array>();

/** The label as bytes, ended by NUL: what goes first into a hash, a signature or associated data. */
export function labelBytes(label: Label): Uint8Array {
  let prefix = prefixes.get(label);
  if (prefix === undefined) {
    prefix = utf8(`${labels[label]}\0`);
    prefixes.set(label, prefix);
  }
  return prefix;
}
