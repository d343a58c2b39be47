import {
  type KeyringEntry,
  type Primitives,
  peekRecord,
  type SignedRecord,
  type StoredEntry,
  type StreamSecrets,
  type WantedChain,
} from "@bulla/core";
import { BullaError, hexOf } from "@bulla/wire";
import type { ChainShelf } from "./chain-shelf.ts";

interface Collected {
  readonly openings: readonly SignedRecord[];
  readonly pieces: ReadonlyMap<string, Uint8Array>;
}

/** The openings among a stream's records, and the pieces that they may name. Others may write into it as well, so nothing here is believed yet. */
export async function collectOpenings(
  primitives: Primitives,
  stream: StreamSecrets,
  { space, number }: KeyringEntry,
  records: AsyncIterable<StoredEntry> | Iterable<StoredEntry>,
): Promise<Collected> {
  const openings: SignedRecord[] = [];
  const pieces = new Map<string, Uint8Array>();
  for await (const record of records) {
    if (record.kind === "expired") continue;
    const opened = await peekRecord(primitives, stream, { space, number, retry: 0 }, record);
    if (opened?.kind === "part") pieces.set(hexOf(record.recordId), opened.piece);
    if (opened?.kind === "opening") openings.push(opened.record);
  }
  return { openings, pieces };
}

/** The first valid opening counts. Chains that it takes to judge one are looked up.
 *  @throws BullaError what stood against the last of them; space/refused-opening when there is none */
export async function firstThatHolds<T extends { readonly kind: string }>(
  chains: ChainShelf,
  openings: readonly SignedRecord[],
  attempt: (opening: SignedRecord) => Promise<T | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] }>,
): Promise<T> {
  let failure: unknown = new BullaError("space/refused-opening", "opening refused: the stream has none");
  for (const opening of openings) {
    try {
      let tried = await attempt(opening);
      for (let round = 0; isWaiting(tried) && round < 3; round++) {
        for (const { handle } of tried.wanted) await chains.lookup(handle);
        tried = await attempt(opening);
      }
      if (!isWaiting(tried)) return tried;
      failure = new BullaError("transport/unreachable", "an identity chain that is needed cannot be had yet");
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function isWaiting<T extends { readonly kind: string }>(
  tried: T | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] },
): tried is { readonly kind: "wait"; readonly wanted: readonly WantedChain[] } {
  return tried.kind === "wait";
}
