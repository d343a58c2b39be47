import { equalBytes, labelBytes, limits, uintBytes, type Verifier } from "@bulla/wire";
import { type BlobKey, blobKeyOf } from "./blob-key.ts";
import { planBlob } from "./blob-plan.ts";
import { blobRefused } from "./blob-refused.ts";
import { blobScheme } from "./seal-blob.ts";

/** Everything needed to fetch, open and check one blob, except where it is stored. Secret: it carries the key. */
export interface BlobRef {
  readonly scheme: number;
  readonly key: BlobKey;
  /** True plaintext bytes. */
  readonly size: number;
  /** SHA-256 of the plaintext. */
  readonly plaintextHash: Uint8Array;
  /** {@link chunkRoot} of `chunks`: what a short statement about the blob signs. */
  readonly root: Uint8Array;
  /** SHA-256 of each chunk's ciphertext, in order: their names on the service. */
  readonly chunks: readonly Uint8Array[];
}

/** The most chunks a blob can have: 262,144, so a list of hashes stays under 9 MB. */
export const maxChunks: number = Math.ceil(limits.maxBlobBytes / limits.chunkBytes);

/** SHA-256(label ‖ count as 8 bytes ‖ hashes). */
export function chunkRoot(verifier: Pick<Verifier, "sha256">, chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(32 * chunks.length);
  chunks.forEach((chunk, i) => {
    if (chunk.length !== 32) throw blobRefused();
    joined.set(chunk, 32 * i);
  });
  return verifier.sha256(labelBytes("chunkRoot"), uintBytes(chunks.length, 8), joined);
}

/** A reference as it was decoded, before its parts were compared. */
export type UncheckedBlobRef = Omit<BlobRef, "key"> & { readonly key: Uint8Array };

/** Check that a reference holds together: a scheme we know, and chunks that fit its size and hash to its root.
 *  @throws BullaError blob/refused */
export function verifyBlobRef(verifier: Pick<Verifier, "sha256">, ref: UncheckedBlobRef): BlobRef {
  if (ref.scheme !== blobScheme || !fitsItsSize(ref) || !equalBytes(chunkRoot(verifier, ref.chunks), ref.root))
    throw blobRefused();
  return { ...ref, key: blobKeyOf(ref.key) };
}

function fitsItsSize(ref: Pick<BlobRef, "size" | "chunks">): boolean {
  try {
    return planBlob(ref.size).chunkCount === ref.chunks.length;
  } catch {
    return false;
  }
}
