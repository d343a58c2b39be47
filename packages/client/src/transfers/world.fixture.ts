import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decodeEvent, type EventBody, encodeEvent, eventOf } from "@bulla/content";
import { createChain, createDeviceSecrets, type DeviceSecrets, type MemberDevice } from "@bulla/core";
import { createService, type Service } from "@bulla/service";
import { MemoryDisk, MemoryStore } from "@bulla/testkit";
import { BullaError, bytesOfHex, type Handle, hexOf, parseHandle, textOf, utf8 } from "@bulla/wire";
import { type VerifiedChain, verifyChain } from "@bulla/wire/identity";
import { expect } from "vitest";
import type { ReceivedView } from "../client.ts";
import type { MailHandler, SpaceMail } from "../engine/space-mail.ts";
import { createNodeFiles, createNodePrimitives, NodeTransport, SealPool } from "../platform/node/index.ts";
import type { Clock, Spool, SpooledFile, Store, StoreTransaction } from "../ports.ts";
import { createServiceClient, type ServiceClient } from "../service/service-client.ts";
import { createTransfers, type Transfers } from "./transfers.ts";

export const primitives = createNodePrimitives();

/** A service, threads and a folder for one test file, and people who write to each other through memory. */
export class World implements AsyncDisposable {
  readonly folder: string;
  readonly sealer = new SealPool({ workers: 2 });
  readonly transport = new NodeTransport();
  readonly people = new Map<Handle, Person>();
  readonly clock: Clock & { ahead: number } = {
    ahead: 0,
    now() {
      return Date.now() + this.ahead;
    },
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.min(100, milliseconds))),
  };
  #service: Service;

  private constructor(folder: string, service: Service) {
    this.folder = folder;
    this.#service = service;
  }

  static async start(): Promise<World> {
    const folder = await mkdtemp(join(tmpdir(), "bulla-transfers-"));
    const world: { clock?: World["clock"] } = {};
    const clock = { now: () => world.clock?.now() ?? Date.now() };
    const made = new World(folder, await createService({ dataFolder: join(folder, "service"), port: 0, clock }));
    world.clock = made.clock;
    return made;
  }

  get url(): string {
    return this.#service.url;
  }

  get domain(): string {
    return this.#service.domain;
  }

  async restart(): Promise<void> {
    const { url } = this.#service;
    await this.#service[Symbol.asyncDispose]();
    this.#service = await createService({
      dataFolder: join(this.folder, "service"),
      port: Number(new URL(url).port),
      clock: this.clock,
    });
  }

  async person(name: string): Promise<Person> {
    const handle = parseHandle(name, this.domain);
    const secrets = createDeviceSecrets(primitives);
    const { statement } = await createChain(primitives, handle, secrets, 20_000);
    const signer = {
      name,
      deviceId: secrets.deviceId,
      sign: (message: Uint8Array) => primitives.signEd25519(secrets.requestSeed, message),
    };
    const client = createServiceClient({ transport: this.transport, verifier: primitives, url: this.url, signer });
    await client.createAccount(name, statement);
    const person = new Person(this, handle, secrets, await verifyChain(primitives, handle, [statement]), client);
    this.people.set(handle, person);
    return person;
  }

  /** Paths of the chunks that the service keeps. */
  async chunks(): Promise<readonly string[]> {
    const found = await readdir(join(this.folder, "service", "blobs"), { recursive: true, withFileTypes: true });
    return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sealer[Symbol.asyncDispose]();
    await this.transport[Symbol.asyncDispose]();
    await this.#service[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** One account with one device. `restart` throws everything away but what is on disk. */
export class Person {
  readonly world: World;
  readonly handle: Handle;
  readonly chain: VerifiedChain;
  readonly secrets: DeviceSecrets;
  readonly mail: MemoryMail;
  readonly folder: string;
  readonly spool: MemorySpool = new MemorySpool();
  readonly refusedReceipts: string[] = [];
  readonly blocked = new Set<Handle>();
  readonly #disk = new MemoryDisk();
  store: Store = new MemoryStore(this.#disk);
  transfers: Transfers;
  #names = 0;

  constructor(world: World, handle: Handle, secrets: DeviceSecrets, chain: VerifiedChain, client: ServiceClient) {
    this.world = world;
    this.handle = handle;
    this.secrets = secrets;
    this.chain = chain;
    this.folder = join(world.folder, handle.split("@")[0] ?? "nobody");
    this.mail = new MemoryMail(this, client);
    this.transfers = this.restart();
  }

  restart(): Transfers {
    this.store = new MemoryStore(this.#disk);
    this.transfers = createTransfers({
      mail: this.mail,
      store: this.store,
      files: createNodeFiles(),
      sealer: this.world.sealer,
      primitives,
      secrets: this.secrets,
      clock: this.world.clock,
      spool: this.spool,
      isFirstContact: async () => false,
      isBlocked: async (handle) => this.blocked.has(handle),
      onRefusedReceipt: (code) => this.refusedReceipts.push(code),
    });
    return this.transfers;
  }

  newFolder(): string {
    return join(this.folder, `folder-${this.#names++}`);
  }

  /** @returns the folder that the files were written to */
  async write(files: Readonly<Record<string, Uint8Array>>, folder: string = this.newFolder()): Promise<string> {
    for (const [path, bytes] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), bytes);
    }
    return folder;
  }

  async receive(out: string, signal?: AbortSignal): Promise<readonly ReceivedView[]> {
    const views: ReceivedView[] = [];
    for await (const view of this.transfers.receive({ out }, signal === undefined ? {} : { signal })) views.push(view);
    return views;
  }
}

/** Everything below a folder, hidden names too. */
export async function filesIn(folder: string): Promise<Map<string, Uint8Array>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, Uint8Array>();
  for (const entry of found) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(path.slice(folder.length + 1), new Uint8Array(await readFile(path)));
  }
  return files;
}

/** Calls of a person's service client; a test may let one of them abort or lie. */
export interface Calls {
  before: (name: "putChunk" | "getChunk" | "missingChunks" | "endLeases" | "requestTicket") => void | Promise<void>;
  /** What becomes of a chunk on its way here. */
  serve: (chunk: Uint8Array) => Uint8Array;
}

/** A mail between stores in memory, at once and without sealing. */
export class MemoryMail implements SpaceMail {
  readonly me: MemberDevice;
  readonly host: string;
  isOffline = false;
  /** Chunks go through, events do not. */
  holdsBack = false;
  /** So many services that are asked for may not be asked. */
  refusals = 0;
  readonly calls: Calls = { before: () => undefined, serve: (chunk) => chunk };
  /** Changes what is delivered. */
  tamper: (body: EventBody) => EventBody = (body) => body;
  readonly #person: Person;
  readonly #client: ServiceClient;
  #sequence = 0;

  constructor(person: Person, client: ServiceClient) {
    this.#person = person;
    this.#client = client;
    this.me = { handle: person.handle, deviceId: person.secrets.deviceId };
    this.host = person.world.domain;
  }

  async directSpace(handle: Handle): Promise<string> {
    this.#online();
    if (!this.#person.world.people.has(handle))
      throw new BullaError("contact/unknown-recipient", "nobody has that handle");
    return hexOf(primitives.sha256(utf8([this.me.handle, handle].sort().join())));
  }

  async say(transaction: StoreTransaction, space: string, body: EventBody, tag: string): Promise<void> {
    const encoded = hexOf(encodeEvent(eventOf(body, primitives.random(16))));
    await transaction.put(
      `fake-outbox/${String(Date.now()).padStart(15, "0")}${String(this.#sequence++).padStart(6, "0")}`,
      utf8(JSON.stringify({ space, encoded, tag })),
    );
  }

  async flush(): Promise<"done" | "offline"> {
    if (this.isOffline || this.holdsBack) return "offline";
    for (const { key, value } of await this.#person.store.list("fake-outbox/")) {
      const { space, encoded, tag }: { space: string; encoded: string; tag: string } = JSON.parse(textOf(value));
      const event = decodeEvent(bytesOfHex(encoded) ?? new Uint8Array());
      if (!("body" in event)) throw new Error("unknown event");
      await this.deliver(space, this.tamper(event.body));
      await this.#person.store.step(async (transaction) => {
        await transaction.delete(key);
        await this.#handler(this.#person).onAcknowledged(transaction, tag);
      });
    }
    return "done";
  }

  /** Everybody in the space hears it, the speaker too. */
  async deliver(space: string, body: EventBody): Promise<void> {
    for (const person of this.#person.world.people.values()) {
      const isIn = person === this.#person || person.mail.#spaceWith(this.me.handle) === space;
      if (!isIn) continue;
      const heard = {
        space,
        author: this.me,
        own: person === this.#person,
        role: "owner" as const,
        place: { number: 0, retry: 0, position: 0, recordId: primitives.random(16) },
        event: eventOf(body, primitives.random(16)),
        content: new Uint8Array(),
      };
      await person.store.step((transaction) => this.#handler(person).onEvent(transaction, heard));
    }
  }

  async serviceOf(): Promise<ServiceClient> {
    if (this.refusals-- > 0) throw new BullaError("transport/refused-address", "that address is not asked");
    const { calls } = this;
    const client = this.#client;
    const before = async (name: Parameters<Calls["before"]>[0]): Promise<void> => {
      this.#online();
      await calls.before(name);
    };
    return {
      ...client,
      putChunk: async (put, signal) => {
        await before("putChunk");
        await client.putChunk(put, signal);
      },
      getChunkUnchecked: async (hash, signal) => {
        await before("getChunk");
        return calls.serve(await client.getChunkUnchecked(hash, signal));
      },
      missingChunks: async (question, signal) => {
        await before("missingChunks");
        return client.missingChunks(question, signal);
      },
      endLeases: async (end) => {
        await before("endLeases");
        await client.endLeases(end);
      },
      requestTicket: async (request) => {
        await before("requestTicket");
        return client.requestTicket(request);
      },
    };
  }

  async chainOf(handle: Handle): Promise<VerifiedChain | undefined> {
    return this.#person.world.people.get(handle)?.chain;
  }

  async peerOf(): Promise<Handle | undefined> {
    return undefined;
  }

  #spaceWith(handle: Handle): string {
    return hexOf(primitives.sha256(utf8([this.me.handle, handle].sort().join())));
  }

  #handler(person: Person): MailHandler {
    return person.transfers.handler;
  }

  #online(): void {
    if (this.isOffline) throw new BullaError("transport/unreachable", "service cannot be reached");
  }
}

/** Spooled input in memory. */
export class MemorySpool implements Spool {
  readonly kept = new Map<string, Uint8Array>();

  async take(source: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    const parts: Uint8Array[] = [];
    for await (const part of source) parts.push(part);
    const id = hexOf(primitives.random(16));
    this.kept.set(id, new Uint8Array(Buffer.concat(parts)));
    return this.#file(id);
  }

  async reopen(id: string): Promise<SpooledFile | undefined> {
    return this.kept.has(id) ? this.#file(id) : undefined;
  }

  async leftovers(): Promise<readonly { readonly id: string; readonly whole: boolean }[]> {
    return [...this.kept.keys()].map((id) => ({ id, whole: true }));
  }

  async remove(id: string): Promise<void> {
    this.kept.delete(id);
  }

  #file(id: string): SpooledFile {
    const bytes = this.kept.get(id) ?? new Uint8Array();
    return {
      id,
      size: bytes.length,
      read: async (offset, length) => bytes.slice(offset, offset + length),
      remove: () => this.remove(id),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }
}

/** Bytes that differ from place to place and from seed to seed. */
export function pattern(length: number, seed = 1): Uint8Array {
  const out = new Uint8Array(length);
  let state = (seed * 2654435761) >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}

export const MiB: number = 1024 * 1024;
export const paths = (...all: string[]): { readonly kind: "paths"; readonly paths: readonly string[] } => ({
  kind: "paths",
  paths: all,
});
export const refusal = (code: string): unknown => expect.objectContaining({ name: "BullaError", code });
export const expectSame = (
  found: ReadonlyMap<string, Uint8Array>,
  wanted: Readonly<Record<string, Uint8Array>>,
): void => {
  expect([...found.keys()].sort()).toEqual(Object.keys(wanted).sort());
  for (const [path, bytes] of found) expect(Buffer.compare(bytes, wanted[path] ?? new Uint8Array()), path).toBe(0);
};

/** Abort before the n-th call. */
export function abortAt(person: Person, name: string, n: number): AbortSignal {
  const controller = new AbortController();
  let left = n;
  person.mail.calls.before = (called) => {
    if (called === name && --left === 0) controller.abort(new Error("stopped"));
  };
  return controller.signal;
}
