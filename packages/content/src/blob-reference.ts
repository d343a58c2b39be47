import { limits } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, list, struct, uint, version } from "@bulla/wire/encoding";

const shape = struct({
  /** 1 = Cobblestone-256, Padmé from 64 KiB, chunks of 4 MiB. */
  scheme: version(1),
  key: bytes(32),
  /** Bytes of plaintext, before padding. */
  size: uint(limits.maxBlobBytes),
  plaintextHash: bytes(32),
  /** Hash over the chunk hashes: names the blob. */
  root: bytes(32),
  chunks: list(bytes(32), limits.maxBlobBytes / limits.chunkBytes),
});

/** All that is needed to fetch and open a blob. Whoever holds it can read it. */
export type BlobReference = CodecValue<typeof shape>;
export const blobReferenceCodec: Codec<BlobReference> = shape;
