/** Every limit both sides hold to. Sizes in bytes, times in the unit that the name says. */
export const limits = {
  /** Name, `@`, host, `:` and port. */
  maxHandleBytes: 64 + 1 + 253 + 6,
  maxStatementBytes: 4096,
  maxChainStatements: 1024,
  maxDevicesPerAccount: 32,
  maxKeyPackageBytes: 16 * 1024,
  maxKeyPackagesPerUpload: 64,
  maxKeyPackagesPerDevice: 200,
  /** A record's body on the wire is exactly one of these. */
  recordSizes: [1024, 4096, 16384] as readonly number[],
  maxRecordBytes: 16384,
  maxRecordsPerRead: 256,
  maxReadBytes: 4 * 1024 * 1024,
  maxFrameBytes: 5 * 1024 * 1024,
  maxStreamsPerConnection: 4096,
  streamsPerClosedStream: 8,
  /** An inbox envelope, after padding. Larger statements refer to a blob. */
  envelopeSizes: [4096, 16384] as readonly number[],
  maxEnvelopesPerRead: 64,
  maxCapabilitiesPerDevice: 4096,
  chunkBytes: 4 * 1024 * 1024,
  blobFloorBytes: 64 * 1024,
  /** Ciphertext of one blob: 262,144 chunks, whose hashes are 8 MiB. */
  maxBlobBytes: 2 ** 40,
  maxChunksPerQuestion: 4096,
  minLeaseDays: 1,
  maxLeaseDays: 366,
  defaultExpiryDays: 30,
  maxExpiryDays: 365,
  /** How long parts and closing records stay on the service: the published forward-secrecy window. */
  partDays: 30,
  maxMembers: 1000,
  maxPathBytes: 4096,
  maxNameBytes: 255,
  maxNoteBytes: 8 * 1024,
  maxManifestBytes: 256 * 1024 * 1024,
  maxInlineManifestBytes: 8 * 1024,
  nonceBytes: 32,
  nonceSeconds: 300,
} as const;

/** Whole UTC days since 1970-01-01: the only clock the service stores. */
export function dayOf(milliseconds: number): number {
  return Math.floor(milliseconds / 86_400_000);
}
