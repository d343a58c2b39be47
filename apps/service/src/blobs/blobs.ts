import { BullaError, hexOf, leaseName, limits } from "@bulla/wire";
import type { LeaseEnd, MissingQuestion } from "@bulla/wire/api";
import { type Clock, today } from "../clock.ts";
import { GroupCommit } from "../group-commit.ts";
import { nodeVerifier } from "../node-verifier.ts";
import type { ChunkStore, StoredChunk } from "../storage/chunk-store.ts";
import type { Lease, LeaseStore } from "../storage/lease-store.ts";

/** Chunks and the leases that keep them alive. */
export class Blobs {
  readonly #chunks: ChunkStore;
  readonly #leases: LeaseStore;
  readonly #clock: Clock;
  readonly #maxUploads: number;
  readonly #holds: GroupCommit<Lease, undefined>;
  /** Chunks on their way in, by hash: they must not be deleted between the arrival of their bytes and of their lease. */
  readonly #arriving = new Map<string, number>();
  #uploads = 0;

  constructor(chunks: ChunkStore, leases: LeaseStore, clock: Clock, maxUploads: number) {
    this.#chunks = chunks;
    this.#leases = leases;
    this.#clock = clock;
    this.#maxUploads = maxUploads;
    this.#holds = new GroupCommit(async (held) => {
      await leases.hold(held);
      return held.map(() => undefined);
    });
  }

  /** How long the lease would run. @throws BullaError service/malformed */
  leaseDays(expiryDay: number): number {
    const days = expiryDay - today(this.#clock);
    if (days < limits.minLeaseDays || days > limits.maxLeaseDays)
      throw new BullaError(
        "service/malformed",
        `expiry day is ${days} days away, expected ${limits.minLeaseDays} to ${limits.maxLeaseDays}`,
      );
    return days;
  }

  /** Takes in all bytes of a chunk, also when they are here already, and adds the lease. Durable when resolved.
   *  @returns whether the lease is a new or longer one
   *  @throws BullaError service/malformed – the bytes have another hash; service/unavailable – too many uploads at once */
  async put(lease: Lease, body: AsyncIterable<Uint8Array>, size: number): Promise<boolean> {
    if (this.#uploads >= this.#maxUploads)
      throw new BullaError("service/unavailable", "too many uploads at once", { hint: "try again in a moment" });
    this.#uploads++;
    const key = hexOf(lease.chunk);
    this.#arriving.set(key, (this.#arriving.get(key) ?? 0) + 1);
    try {
      await this.#receive(lease.chunk, body, size);
      const fresh = (await this.#leases.missing([lease])).length > 0;
      await this.#holds.add(lease);
      return fresh;
    } finally {
      this.#uploads--;
      const left = (this.#arriving.get(key) ?? 1) - 1;
      if (left === 0) this.#arriving.delete(key);
      else this.#arriving.set(key, left);
    }
  }

  /** The chunk, while a lease keeps it alive. */
  async open(hash: Uint8Array): Promise<StoredChunk | undefined> {
    return this.#leases.isAlive(hash, today(this.#clock)) ? this.#chunks.open(hash) : undefined;
  }

  /** Which chunks these leases do not hold to that day at least. */
  async missing({ expiryDay, chunks }: MissingQuestion): Promise<readonly Uint8Array[]> {
    const missing = await this.#leases.missing(chunks.map(({ chunk, lease }) => ({ chunk, lease, expiryDay })));
    return missing.flatMap((index) => chunks[index]?.chunk ?? []);
  }

  /** Ends the leases whose tokens these are. A chunk that no lease keeps any more is deleted. */
  async end({ leases }: LeaseEnd): Promise<void> {
    await this.#leases.end(leases.map(({ chunk, token }) => ({ chunk, lease: leaseName(nodeVerifier, token) })));
    for (const { chunk } of leases) this.#removeUnlessHeld(chunk);
  }

  /** Forgets leases whose day has passed, and deletes every chunk without one: also what a crash left between a chunk and its lease. */
  async sweep(): Promise<void> {
    await this.#leases.sweep(today(this.#clock));
    for await (const hash of this.#chunks.list()) this.#removeUnlessHeld(hash);
  }

  async drain(): Promise<void> {
    await this.#holds.drain();
  }

  // Asked and deleted in one turn, so no lease can come between. A lease whose day has passed holds until it is swept: the clock may be wrong.
  #removeUnlessHeld(hash: Uint8Array): void {
    if (!this.#arriving.has(hexOf(hash)) && !this.#leases.isAlive(hash, 0)) this.#chunks.remove(hash);
  }

  async #receive(hash: Uint8Array, body: AsyncIterable<Uint8Array>, size: number): Promise<void> {
    await using writer = await this.#chunks.create();
    let received = 0;
    for await (const piece of body) {
      received += piece.length;
      if (received > size) throw new BullaError("service/malformed", "body is longer than announced");
      await writer.write(piece);
    }
    if (received !== size || !(await writer.keep(hash)))
      throw new BullaError("service/malformed", "body is not the chunk of that hash");
  }
}
