import { isBullaError } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import type { StreamSecrets } from "./chapter-keys.ts";
import { type OuterRecord, unwrapRecord } from "./outer-record.ts";
import { openPiece } from "./parts.ts";
import { openSignedRecord, type SignedRecord } from "./signed-record.ts";

export type Peeked =
  | { readonly kind: "part"; readonly piece: Uint8Array }
  | { readonly kind: "opening"; readonly record: SignedRecord };

/** What somebody with a chapter key alone needs to come in: pieces and openings, opened but not verified. Undefined for everything else, rubbish included. */
export async function peekRecord(
  primitives: Primitives,
  stream: StreamSecrets,
  place: { readonly space: Uint8Array; readonly number: number; readonly retry: number },
  record: OuterRecord,
): Promise<Peeked | undefined> {
  try {
    const { kind, sealed } = await unwrapRecord(primitives, stream, record);
    if (kind === "part") return { kind, piece: await openPiece(primitives, stream, place, sealed) };
    if (kind === "opening")
      return { kind, record: await openSignedRecord(primitives, stream, { ...place, kind }, sealed) };
    return undefined;
  } catch (error) {
    if (isBullaError(error) && error.code !== "internal/bug") return undefined;
    throw error;
  }
}
