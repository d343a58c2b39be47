export {
  type AgeCipher,
  ageNonce,
  ageSegmentBytes,
  ageSegmentsIn,
  createPortableAgeCipher,
  sealedAgeSegmentBytes,
} from "./age/age-cipher.ts";
export { type AgePlatform, openAge, sealAge } from "./age/age-file.ts";
export type { AgeAudience, AgeSecret } from "./age/age-header.ts";
export {
  type AgeIdentity,
  type AgeKeyPair,
  type AgeRecipient,
  ageRecipientOf,
  generateAgeIdentity,
  parseAgeIdentities,
  parseAgeRecipients,
} from "./age/age-keys.ts";
export { type BlobKey, blobKeyOf, createBlobKey, createBlobSalt } from "./blob/blob-key.ts";
export { type BlobPlan, chunkRange, openedRangeOf, plaintextRangeOf, planBlob, type Range } from "./blob/blob-plan.ts";
export { type BlobReader, type BlobReaderOptions, createBlobReader } from "./blob/blob-reader.ts";
export { type BlobRef, chunkRoot, maxChunks, type UncheckedBlobRef, verifyBlobRef } from "./blob/blob-ref.ts";
export { blobRefused } from "./blob/blob-refused.ts";
export { type SegmentKeys, segmentNonce } from "./blob/cobblestone.ts";
export { type MessageStream, openMessage, sealMessage } from "./blob/message-stream.ts";
export { type BlobOpening, type OpenedChunk, openChunk, segmentTail, startOpening } from "./blob/open-blob.ts";
export { type BlobReading, checkChunk, openBlob, type RunningHash } from "./blob/read-blob.ts";
export {
  type BlobSealing,
  type BlobSource,
  blobScheme,
  type ChunkWorkspace,
  createWorkspace,
  sealChunk,
  startSealing,
  workspaceBytes,
} from "./blob/seal-blob.ts";
export { createSegmentCipher, type SegmentCipher } from "./blob/segment-cipher.ts";
export {
  certifyDevice,
  createDeviceSecrets,
  type DeviceSecrets,
  decodeDeviceSecrets,
  deviceKeysOf,
  encodeDeviceSecrets,
  wipeDeviceSecrets,
} from "./identity/device-secrets.ts";
export { signReceipt } from "./identity/sign-receipt.ts";
export { addDevice, createChain, type ExtendedChain, revokeDevice } from "./identity/sign-statement.ts";
export type { Argon2Parameters, HpkeBox, Primitives, Random } from "./primitives.ts";
export { applyOperations } from "./space/apply-operations.ts";
export { type ChainBook, type WantedChain, wantedChains } from "./space/chain-book.ts";
export {
  type Change,
  decodePending,
  encodePending,
  type PendingChange,
  type PreparedChange,
  prepareChange,
} from "./space/change.ts";
export {
  type Chapter,
  type Cursor,
  decodeChapter,
  decodeCursor,
  encodeChapter,
  encodeCursor,
  noNewReaders,
  startCursor,
  suspendedDevices,
} from "./space/chapter.ts";
export { type ChapterKey, type StreamSecrets, streamSecrets } from "./space/chapter-keys.ts";
export {
  type Constitution,
  constitutionHash,
  type Member,
  memberOf,
  type Policy,
  type Role,
  roleCodec,
  type SpaceKind,
} from "./space/constitution.ts";
export {
  type EnvelopeBody,
  type GrantedHistory,
  type Invitation,
  maxGrantedKeys,
  type OpenedEnvelope,
  openEnvelope,
  sealEnvelope,
} from "./space/envelope.ts";
export { type FollowContext, type Followed, followEnd, type StreamEnd } from "./space/follow.ts";
export { type FoundedSpace, foundSpace, newestPin } from "./space/found.ts";
export {
  acceptWelcome,
  type ExternalJoin,
  type Joined,
  type KeyringEntry,
  prepareExternalJoin,
  readerChapter,
} from "./space/join.ts";
export {
  type CreatedKeyPackage,
  createKeyPackage,
  keyPackageReference,
  verifyClaimedPackage,
} from "./space/key-package.ts";
export { deviceName, type MemberDevice, sameDevice } from "./space/member-device.ts";
export { makeOpening } from "./space/opening.ts";
export {
  decodeOperation,
  decodeOperations,
  encodeOperations,
  type OperationBody,
  type SignedOperation,
  signOperation,
} from "./space/operation.ts";
export type { OuterRecord } from "./space/outer-record.ts";
export { openPiece, type PieceLookup, piecesInMemory } from "./space/parts.ts";
export { type PastChapter, type PastRecord, readPastChapter } from "./space/past-chapter.ts";
export { type Peeked, peekRecord } from "./space/peek-record.ts";
export {
  type ReadContext,
  type ReadOutcome,
  type ReadStep,
  readRecord,
  type StoredEntry,
} from "./space/read-record.ts";
export { mayCommit, mayOperate, maySend } from "./space/rights.ts";
export { sealFleeting, sealLasting } from "./space/say.ts";
export { decodeSignedRecord, encodeSignedRecord, maxContentBytes, type SignedRecord } from "./space/signed-record.ts";
export { welcomeFor } from "./space/welcome-for.ts";
