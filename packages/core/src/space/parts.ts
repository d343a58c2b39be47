import { BullaError, concatBytes, equalBytes, hexOf, labelBytes } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, list, struct } from "@bulla/wire/encoding";
import type { Primitives } from "../primitives.ts";
import type { StreamSecrets } from "./chapter-keys.ts";
import { maxSealedBytes, type OuterRecord, wrapRecord } from "./outer-record.ts";
import { openAtPlace, type RecordPlace, sealAtPlace, sealOverheadBytes } from "./record-seal.ts";

const pieceBytes = maxSealedBytes - sealOverheadBytes;
const maxPieces = 512;

const referenceShape = struct({
  /** Hash of the whole object. */
  hash: bytes(32),
  /** The records that hold its pieces, in order. By id, so that nobody can slip another piece in. */
  records: list(bytes(16), maxPieces),
});

/** Names an object (commit, operations, Welcome, GroupInfo, constitution) that lies in part records of the same stream. */
export type PartReference = CodecValue<typeof referenceShape>;
export const partReferenceCodec: Codec<PartReference> = referenceShape;

export interface SealedParts {
  readonly reference: PartReference;
  readonly records: readonly OuterRecord[];
}

/** Looks a piece up by the id of the record that held it. */
export type PieceLookup = (recordId: Uint8Array) => Promise<Uint8Array | undefined>;

/** Cut an object into records.
 *  @throws BullaError wire/too-large */
export async function sealParts(
  primitives: Primitives,
  stream: StreamSecrets,
  place: Omit<RecordPlace, "kind">,
  object: Uint8Array,
): Promise<SealedParts> {
  const count = Math.max(1, Math.ceil(object.length / pieceBytes));
  if (count > maxPieces)
    throw new BullaError("wire/too-large", `part is ${object.length} bytes, limit is ${maxPieces * pieceBytes}`);
  const records: OuterRecord[] = [];
  for (let index = 0; index < count; index++) {
    const piece = object.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    const sealed = await sealAtPlace(primitives, stream, { ...place, kind: "part" }, piece);
    records.push(await wrapRecord(primitives, stream, { kind: "part", sealed }));
  }
  return {
    reference: { hash: partHash(primitives, object), records: records.map((record) => record.recordId) },
    records,
  };
}

/** @throws BullaError core/open-failed */
export async function openPiece(
  primitives: Primitives,
  stream: StreamSecrets,
  place: Omit<RecordPlace, "kind">,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return openAtPlace(primitives, stream, { ...place, kind: "part" }, sealed);
}

/** The object, if all of it is here and it is the one that was named. */
export async function assemblePart(
  primitives: Primitives,
  reference: PartReference,
  pieceOf: PieceLookup,
): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  for (const recordId of reference.records) {
    const piece = await pieceOf(recordId);
    if (piece === undefined) return undefined;
    pieces.push(piece);
  }
  const object = concatBytes(...pieces);
  return equalBytes(partHash(primitives, object), reference.hash) ? object : undefined;
}

/** A lookup over pieces held in memory. */
export function piecesInMemory(pieces: ReadonlyMap<string, Uint8Array>): PieceLookup {
  return async (recordId) => pieces.get(hexOf(recordId));
}

function partHash(primitives: Primitives, object: Uint8Array): Uint8Array {
  return primitives.sha256(labelBytes("part"), object);
}
