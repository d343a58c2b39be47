import { BullaError } from "@bulla/wire";

/** The one answer for everything that can be wrong with a blob: key, context, header, segment, order, length, padding, chunk hash, plaintext hash. */
export function blobRefused(): BullaError {
  return new BullaError("blob/refused", "blob was refused: wrong key or changed bytes");
}
