import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Blobs } from "./blobs/blobs.ts";
import { today } from "./clock.ts";
import { Housekeeping } from "./housekeeping.ts";
import { nodeVerifier } from "./node-verifier.ts";
import { ChunkFolder } from "./objects/fs/chunk-folder.ts";
import { SqliteDirectoryStore } from "./storage/sqlite/directory-store.ts";
import { SqliteLeaseStore } from "./storage/sqlite/lease-store.ts";
import { SqliteStreamStore } from "./storage/sqlite/stream-store.ts";
import { MovableClock, temporaryFolder } from "./testing/test-service.fixture.ts";

const hour = 3_600_000;

/** A house that keeps one chunk for 30 days. */
class House {
  readonly clock = new MovableClock();
  readonly housekeeping: Housekeeping;
  readonly #chunks: ChunkFolder;
  readonly #chunk: Uint8Array;
  elapsed = 0;

  private constructor(folder: string, closing: AsyncDisposableStack, bytes: Uint8Array) {
    const { clock } = this;
    const streams = closing.use(new SqliteStreamStore(join(folder, "streams.db")));
    const directory = closing.use(new SqliteDirectoryStore(join(folder, "directory.db")));
    const leases = closing.use(new SqliteLeaseStore(join(folder, "leases.db")));
    this.#chunks = new ChunkFolder(join(folder, "blobs"));
    this.#chunk = nodeVerifier.sha256(bytes);
    this.blobs = new Blobs(this.#chunks, leases, clock, 4);
    const admission = { admit: async () => "", flush: async () => undefined };
    const log = (line: string): void => expect.unreachable(line);
    const elapsed = (): number => this.elapsed;
    this.housekeeping = closing.use(
      new Housekeeping({ streams, directory, leases, blobs: this.blobs, admission, clock, log, elapsed }),
    );
  }

  readonly blobs: Blobs;

  static async open(): Promise<House> {
    const closing = new AsyncDisposableStack();
    const folder = await temporaryFolder();
    onTestFinished(() => closing.disposeAsync());
    const bytes = new Uint8Array(randomBytes(1000));
    const house = new House(folder, closing, bytes);
    const expiryDay = today(house.clock) + 30;
    const lease = { chunk: house.#chunk, lease: new Uint8Array(randomBytes(32)), expiryDay };
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield bytes;
    };
    await house.blobs.put(lease, body(), bytes.length);
    return house;
  }

  async hasChunk(): Promise<boolean> {
    await using found = await this.#chunks.open(this.#chunk);
    return found !== undefined;
  }
}

test("what expired is deleted when the clock has said so for an hour", async () => {
  const house = await House.open();
  house.clock.passDays(31);
  await house.housekeeping.round();
  house.elapsed += hour - 1;
  await house.housekeeping.round();
  expect(await house.hasChunk()).toBe(true);
  house.elapsed += 1;
  await house.housekeeping.round();
  expect(await house.hasChunk()).toBe(false);
});

test("a clock that runs years ahead for a while deletes nothing", async () => {
  const house = await House.open();
  for (let i = 0; i < 5; i++) {
    house.clock.passDays(1000);
    await house.housekeeping.round();
    house.elapsed += hour - 1;
    await house.housekeeping.round();
    house.clock.passDays(-1000);
    await house.housekeeping.round();
    house.elapsed += hour;
    await house.housekeeping.round();
  }
  expect(await house.hasChunk()).toBe(true);
});
