import {
  type BlobKey,
  blobKeyOf,
  createBlobKey,
  createBlobSalt,
  openedRangeOf,
  type Primitives,
  plaintextRangeOf,
  planBlob,
  startSealing,
} from "@bulla/core";
import { equalBytes, hexOf, limits } from "@bulla/wire";
import type { Clock, SealedChunk, Sealer, Store } from "../ports.ts";
import type { ServiceClient } from "../service/service-client.ts";
import { withRetries } from "../service/with-retries.ts";
import { type BlobInput, sourceChanged } from "./blob-input.ts";
import type { Journal } from "./journal.ts";
import { endLeases, leaseOf } from "./leases.ts";
import { inLanes, type Permits } from "./permits.ts";
import { blobCodec, lastOf, load, places, type StoredBlob, save } from "./stored.ts";
import type { UploadTicket } from "./upload-ticket.ts";

/** What the uploads of one job share. */
export interface Uploading {
  readonly job: string;
  readonly expiryDay: number;
  readonly store: Store;
  readonly journal: Journal;
  readonly service: ServiceClient;
  readonly ticket: UploadTicket;
  readonly sealer: Sealer;
  readonly primitives: Primitives;
  readonly clock: Clock;
  /** Chunks that are sealed or on their way. */
  readonly chunks: Permits;
  /** Chunks on their way. */
  readonly puts: Permits;
  /** Plaintext bytes that are done. */
  readonly onBytes: (count: number) => void;
}

/** A blob that is on the service as a whole. */
export type UploadedBlob = Omit<StoredBlob, "done"> & NonNullable<StoredBlob["done"]> & { readonly size: number };

/** Bring one blob to the service, or go on with it. Key, salt and each chunk's hash are durable before the chunk's first byte is sent, so that nothing else is ever sealed
 *  under that key: a chunk that comes out otherwise than before means that the source changed.
 *  @throws BullaError blob/source-changed – see {@link abandonBlob}; transfer/source-unreadable, service/*, transport/* */
export async function uploadBlob(
  up: Uploading,
  blob: number,
  input: BlobInput,
  signal: AbortSignal,
): Promise<UploadedBlob> {
  const stored = await up.store.get(places.blob(up.job, blob));
  const state = stored === undefined ? freshBlob(up.primitives) : load(blobCodec, stored);
  await input.check();
  if (state.done !== null) {
    up.onBytes(input.size);
    return { ...state, ...state.done, size: input.size };
  }
  const known = stored === undefined ? new Map<number, Uint8Array>() : await journalled(up, blob);
  const lacking = await lackingOf(up, state, known, signal);
  const plan = planBlob(input.size);
  const sealing = startSealing(up.primitives, blobKey(state), state.salt, input.size);
  const chunks: Uint8Array[] = [];
  let begun = stored !== undefined;

  const record = (index: number, hash: Uint8Array): (() => Promise<void>) => {
    const first = !begun;
    begun = true;
    return up.journal.later(async (transaction) => {
      if (first) await transaction.put(places.blob(up.job, blob), save(blobCodec, state));
      await transaction.put(places.chunk(up.job, blob, index), hash);
    });
  };
  const sendChunk = async (index: number, stop: AbortSignal): Promise<void> => {
    const giveBack = await up.chunks.take(stop);
    try {
      const { start, end } = plaintextRangeOf(plan, index);
      const source = await input.read(start, end);
      using chunk = await up.sealer.sealChunk(sealing, index, source, { signal: stop });
      const before = known.get(index);
      if (before !== undefined && !equalBytes(before, chunk.hash)) throw sourceChanged();
      chunks[index] = chunk.hash;
      // Only when its turn to be sent comes must the hash be durable: until then others join the same step.
      const recorded = before === undefined ? record(index, chunk.hash) : async (): Promise<void> => undefined;
      if (before === undefined || lacking.has(hexOf(chunk.hash))) {
        await up.puts.run(stop, async () => {
          await recorded();
          await putChunk(up, state, chunk, stop);
        });
      }
      const opened = openedRangeOf(plan, index);
      up.onBytes(opened.end - opened.start);
    } finally {
      giveBack();
    }
  };

  const hashes: { done?: Awaited<ReturnType<BlobInput["hash"]>> } = {};
  await inLanes(2, ["hash", "send"] as const, signal, async (what, stop) => {
    if (what === "hash") hashes.done = await input.hash(stop);
    else
      await inLanes(
        lanesPerBlob,
        Array.from({ length: plan.chunkCount }, (_, i) => i),
        stop,
        sendChunk,
      );
  });
  await input.check();
  if (hashes.done === undefined) throw sourceChanged();
  const done = { ...hashes.done, chunks };
  await up.journal.write(async (transaction) => {
    await transaction.put(places.blob(up.job, blob), save(blobCodec, { ...state, done }));
    for (const index of chunks.keys()) await transaction.delete(places.chunk(up.job, blob, index));
  });
  return { ...state, ...done, size: input.size };
}

const lanesPerBlob = 8;

type Abandoning = Pick<Uploading, "job" | "store" | "journal" | "service" | "primitives">;

/** Forget a blob's key and everything sealed under it. */
export async function abandonBlob(up: Abandoning, blob: number): Promise<void> {
  const stored = await up.store.get(places.blob(up.job, blob));
  if (stored === undefined) return;
  const state = load(blobCodec, stored);
  const known = [...(await journalled(up, blob)).entries()];
  await up.journal.write(async (transaction) => {
    await transaction.delete(places.blob(up.job, blob));
    for (const [index] of known) await transaction.delete(places.chunk(up.job, blob, index));
  });
  await endLeases(up.service, up.primitives, state.leaseSecret, state.done?.chunks ?? known.map(([, hash]) => hash));
}

function freshBlob({ random }: Primitives): StoredBlob {
  return { key: createBlobKey(random), salt: createBlobSalt(random), leaseSecret: random(32), done: null };
}

function blobKey({ key }: StoredBlob): BlobKey {
  return blobKeyOf(key);
}

async function journalled(up: Pick<Uploading, "store" | "job">, blob: number): Promise<Map<number, Uint8Array>> {
  const entries = await up.store.list(places.chunks(up.job, blob));
  return new Map(entries.map(({ key, value }) => [Number(lastOf(key)), value]));
}

/** Which of the chunks that may have been sent before the service does not hold. */
async function lackingOf(
  up: Uploading,
  state: StoredBlob,
  known: ReadonlyMap<number, Uint8Array>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const hashes = [...known.values()];
  const lacking = new Set<string>();
  for (let at = 0; at < hashes.length; at += limits.maxChunksPerQuestion) {
    const some = hashes
      .slice(at, at + limits.maxChunksPerQuestion)
      .map((chunk) => ({ chunk, lease: leaseOf(up.primitives, state.leaseSecret, chunk) }));
    const ask = (): Promise<readonly Uint8Array[]> =>
      up.service.missingChunks({ expiryDay: up.expiryDay, chunks: some }, signal);
    for (const chunk of await withRetries(up.clock, up.primitives.random, ask, { attempts, signal }))
      lacking.add(hexOf(chunk));
  }
  return lacking;
}

const attempts = 4;

async function putChunk(
  up: Uploading,
  { leaseSecret }: StoredBlob,
  { hash, bytes }: SealedChunk,
  signal: AbortSignal,
): Promise<void> {
  const lease = leaseOf(up.primitives, leaseSecret, hash);
  const put = (): Promise<void> =>
    up.ticket.use(bytes.length, (ticket) =>
      up.service.putChunk({ hash, lease, expiryDay: up.expiryDay, ticket, bytes }, signal),
    );
  await withRetries(up.clock, up.primitives.random, put, { attempts, signal });
}
