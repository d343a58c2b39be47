import { bytes, type Codec, type CodecValue, flag, list, nullable, struct, uint, variant } from "../encoding/codec.ts";
import { limits } from "../limits.ts";

/** Answer of `GET account`: signed statements from `from` on. */
const accountAnswerShape = struct({
  statements: list(bytes({ min: 1, max: limits.maxStatementBytes + 256 }), limits.maxChainStatements),
  /** Seam: the transparency log's proof for this answer. */
  evidence: nullable(bytes({ max: 16384 })),
});
export type AccountAnswer = CodecValue<typeof accountAnswerShape>;
export const accountAnswerCodec: Codec<AccountAnswer> = accountAnswerShape;

/** Body of `PUT keyPackages`. Packages already in the pool are ignored; a last-resort package replaces the one before. */
const keyPackageUploadShape = struct({
  keyPackages: list(bytes({ min: 1, max: limits.maxKeyPackageBytes }), limits.maxKeyPackagesPerUpload),
  lastResort: nullable(bytes({ min: 1, max: limits.maxKeyPackageBytes })),
});
export type KeyPackageUpload = CodecValue<typeof keyPackageUploadShape>;
export const keyPackageUploadCodec: Codec<KeyPackageUpload> = keyPackageUploadShape;

/** Answer of `PUT` and `GET keyPackages`: what is left. */
const poolStateShape = struct({ remaining: uint(100_000), lastResortDay: nullable(uint()) });
export type PoolState = CodecValue<typeof poolStateShape>;
export const poolStateCodec: Codec<PoolState> = poolStateShape;

/** Answer of `POST claims`: one KeyPackage of each active device that has one. */
const claimAnswerShape = struct({
  packages: list(
    struct({ deviceId: bytes(16), keyPackage: bytes({ min: 1, max: limits.maxKeyPackageBytes }), lastResort: flag }),
    limits.maxDevicesPerAccount,
  ),
});
export type ClaimAnswer = CodecValue<typeof claimAnswerShape>;
export const claimAnswerCodec: Codec<ClaimAnswer> = claimAnswerShape;

/** Why the service should put an envelope into an inbox. */
const inboxRightShape = variant({
  /** The device handed this secret to a contact and registered its SHA-256 under label `inboxCapability`. */
  capability: [1, struct({ secret: bytes(32) })],
  /** An admission ticket of this service. */
  ticket: [2, struct({ ticket: bytes(32) })],
  /** Nothing: limited per address and inbox. */
  stranger: [3, struct({})],
});
export type InboxRight = CodecValue<typeof inboxRightShape>;

const envelopePostShape = struct({ right: inboxRightShape, envelope: bytes({ min: 1, max: 16384 }) });
export type EnvelopePost = CodecValue<typeof envelopePostShape>;
export const envelopePostCodec: Codec<EnvelopePost> = envelopePostShape;

/** Answer of `GET inbox?from=N`. */
const inboxAnswerShape = struct({
  envelopes: list(struct({ position: uint(), envelope: bytes({ min: 1, max: 16384 }) }), limits.maxEnvelopesPerRead),
  more: flag,
});
export type InboxAnswer = CodecValue<typeof inboxAnswerShape>;
export const inboxAnswerCodec: Codec<InboxAnswer> = inboxAnswerShape;

/** Body of `POST inboxAcknowledgements`: everything up to and including `through` may go. */
const inboxAcknowledgementShape = struct({ through: uint() });
export type InboxAcknowledgement = CodecValue<typeof inboxAcknowledgementShape>;
export const inboxAcknowledgementCodec: Codec<InboxAcknowledgement> = inboxAcknowledgementShape;

/** Body of `PUT capabilities`: hashes to register and to forget. */
const capabilityChangeShape = struct({ add: list(bytes(32), 256), remove: list(bytes(32), 256) });
export type CapabilityChange = CodecValue<typeof capabilityChangeShape>;
export const capabilityChangeCodec: Codec<CapabilityChange> = capabilityChangeShape;

/** Body of `POST missingChunks`. Each chunk's lease is named by the hash of a delete token of its own, so that chunks of one blob stay apart. */
const missingQuestionShape = struct({
  expiryDay: uint(10_000_000),
  chunks: list(struct({ chunk: bytes(32), lease: bytes(32) }), limits.maxChunksPerQuestion),
});
export type MissingQuestion = CodecValue<typeof missingQuestionShape>;
export const missingQuestionCodec: Codec<MissingQuestion> = missingQuestionShape;

/** Answer: which chunks these leases do not hold (to that day at least). */
const missingAnswerShape = struct({ missing: list(bytes(32), limits.maxChunksPerQuestion) });
export type MissingAnswer = CodecValue<typeof missingAnswerShape>;
export const missingAnswerCodec: Codec<MissingAnswer> = missingAnswerShape;

/** Body of `POST endLeases`: the delete tokens themselves. */
const leaseEndShape = struct({
  leases: list(struct({ chunk: bytes(32), token: bytes(32) }), limits.maxChunksPerQuestion),
});
export type LeaseEnd = CodecValue<typeof leaseEndShape>;
export const leaseEndCodec: Codec<LeaseEnd> = leaseEndShape;
