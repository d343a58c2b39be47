import { BullaError, limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  list,
  refine,
  struct,
  text,
  uint,
  version,
} from "@bulla/wire/encoding";
import { manifestCodec, manifestLimits } from "@bulla/wire/receipt";
import { blobReferenceCodec } from "./blob-reference.ts";

const shape = struct({
  version: version(1),
  transferId: bytes(16),
  manifest: manifestCodec,
  /** The files in their order, laid end to end, fill the blobs in their order: each blob holds the next `files` of them. */
  blobs: refine(
    list(struct({ files: uint(), reference: blobReferenceCodec }), 1_000_000),
    "blobs with files",
    (blobs) => blobs.every((blob) => blob.files > 0),
  ),
});

/** The files sent to one recipient: what a transfer event says, or what the blob that it names holds. */
export type Transfer = CodecValue<typeof shape>;
export const transferCodec: Codec<Transfer> = shape;

/** Where a file lies inside the transfer's blobs. */
export interface FilePlace {
  readonly path: string;
  readonly size: number;
  readonly sha256: Uint8Array;
  readonly blob: number;
  readonly offset: number;
}

export function encodeTransfer(transfer: Transfer): Uint8Array {
  return encode(transferCodec, transfer);
}

/** @throws BullaError wire/*, transfer/refused when blobs and files do not add up */
export function decodeTransfer(input: Uint8Array): Transfer {
  const transfer = decode(transferCodec, input, manifestLimits);
  placesOf(transfer);
  return transfer;
}

/** Each file's blob and offset.
 *  @throws BullaError transfer/refused when blobs and files do not add up */
export function placesOf({ manifest, blobs }: Transfer): readonly FilePlace[] {
  const places: FilePlace[] = [];
  for (const [blob, { files, reference }] of blobs.entries()) {
    let offset = 0;
    if (files > manifest.files.length - places.length)
      throw new BullaError("transfer/refused", "transfer refused: its blobs claim more files than it has");
    for (const file of manifest.files.slice(places.length, places.length + files)) {
      places.push({ ...file, blob, offset });
      offset += file.size;
    }
    if (offset !== reference.size)
      throw new BullaError("transfer/refused", "transfer refused: its files do not fill its blobs");
  }
  if (places.length !== manifest.files.length)
    throw new BullaError("transfer/refused", "transfer refused: some of its files are in no blob");
  return places;
}

/** A host as it stands in events: where the chunks are kept. */
export const hostCodec: Codec<string> = text(260, 1);
export const noteCodec: Codec<string> = text(limits.maxNoteBytes);
