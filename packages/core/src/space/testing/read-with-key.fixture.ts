import { hexOf } from "@bulla/wire";
import { type ChapterKey, streamSecrets } from "../chapter-keys.ts";
import type { KeyringEntry } from "../join.ts";
import { unwrapRecord } from "../outer-record.ts";
import { openPiece, type PieceLookup, piecesInMemory } from "../parts.ts";
import { openSignedRecord, type SignedRecord } from "../signed-record.ts";
import type { Ground } from "./ground.fixture.ts";

/** What a chapter key alone shows of its first stream: openings in their order, and the pieces. Whatever does not open is passed over. */
export async function readWithKey(
  { primitives, service }: Pick<Ground<unknown>, "primitives" | "service">,
  { space, number, key }: KeyringEntry,
): Promise<{ readonly openings: readonly SignedRecord[]; readonly pieceOf: PieceLookup }> {
  const stream = streamSecrets(primitives, key as ChapterKey, 0);
  const place = { space, number, retry: 0 };
  const pieces = new Map<string, Uint8Array>();
  const openings: SignedRecord[] = [];
  for (const entry of service.read(stream.sid).entries) {
    if (entry.kind === "expired") continue;
    try {
      const { kind, sealed } = await unwrapRecord(primitives, stream, entry);
      if (kind === "part") pieces.set(hexOf(entry.recordId), await openPiece(primitives, stream, place, sealed));
      if (kind === "opening") openings.push(await openSignedRecord(primitives, stream, { ...place, kind }, sealed));
    } catch {
      continue;
    }
  }
  return { openings, pieceOf: piecesInMemory(pieces) };
}
