import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createServiceClient, type ServiceClient } from "@bulla/client";
import { createNodePrimitives, NodeTransport } from "@bulla/client/node";
import { addDevice, certifyDevice, createChain, createDeviceSecrets } from "@bulla/core";
import {
  dayOf,
  hexOf,
  isBullaError,
  leaseName,
  limits,
  parseHandle,
  proofBytes,
  streamId,
  streamKinds,
} from "@bulla/wire";
import { verifyChain } from "@bulla/wire/identity";
import type { Chance } from "../../kill/chance.ts";
import { FrameSocket } from "../../support/frame-socket.ts";
import type { Ledger, LoadAccount, LoadInbox, LoadStream } from "./ledger.ts";

export const primitives = createNodePrimitives();
/** The service that is cut off answers at other ports afterwards, so its handles have a name of their own. */
export const domain = "disk.example";
const day = dayOf(Date.now());

/** Writers of every kind at one service, until they are stopped or the service ends. Every acknowledgement is written into the ledger and told at once. */
export class Load {
  readonly ledger: Ledger = { streams: [], chunks: [], accounts: [], inboxes: [] };
  readonly #url: string;
  readonly #chance: Chance;
  readonly #onAcknowledged: () => void;
  readonly #transport = new NodeTransport();
  #writers: readonly Promise<void>[] = [];
  #isOver = false;

  constructor(url: string, chance: Chance, onAcknowledged: () => void) {
    this.#url = url;
    this.#chance = chance;
    this.#onAcknowledged = onAcknowledged;
  }

  async start(): Promise<void> {
    const account = await this.#register("load");
    const client = this.#client(account);
    const inbox: LoadInbox = { owner: account, envelopes: [] };
    this.ledger.inboxes.push(inbox);
    const { ticket } = await client.requestTicket({ bytes: 1_000_000_000, days: 30, streams: 64, envelopes: 256 });
    const writers = [
      ...Array.from({ length: 4 }, () => this.#writeStreams(ticket)),
      ...Array.from({ length: 2 }, () => this.#putChunks(client, ticket)),
      this.#writeDirectory(account),
      this.#fillInbox(client, inbox),
    ];
    this.#writers = writers.map((writer) => writer.catch(unlessCutOff));
  }

  /** Ends when all writers have. @throws what a writer met that was no end of the service */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#writers);
    await this.#transport[Symbol.asyncDispose]();
  }

  /** Appends to two streams at a time and, now and then, closes one and opens the next. */
  async #writeStreams(ticket: Uint8Array): Promise<void> {
    const socket = await FrameSocket.open(this.#url);
    try {
      let stream = await this.#openStream(socket, ticket);
      for (let i = 1; !this.#isOver; i++) {
        const close = i % 60 === 0;
        const count = close ? 1 : Math.ceil(this.#chance.between(0, 4));
        await Promise.all(Array.from({ length: count }, () => this.#append(socket, stream, close)));
        if (close) stream = await this.#openStream(socket, ticket);
      }
    } finally {
      socket.close();
    }
  }

  async #openStream(socket: FrameSocket, ticket: Uint8Array): Promise<LoadStream> {
    const writeSeed = new Uint8Array(randomBytes(32));
    const writeKey = primitives.ed25519PublicKey(writeSeed);
    const address = { kind: streamKinds.chapter, writeKey, readSecret: new Uint8Array(randomBytes(32)) };
    const sid = streamId(primitives, address);
    const proof = await primitives.signEd25519(writeSeed, proofBytes(socket.nonce, sid));
    const { readSecret } = address;
    await socket.ask({ kind: "attach", streamKind: address.kind, writeKey, readSecret, proof });
    const opened = await socket.ask({ kind: "open", sid, admission: { kind: "ticket", ticket } });
    if (opened.kind !== "done") throw new Error(`opening a stream was answered ${opened.kind}`);
    const stream: LoadStream = { sid, writeSeed, address, records: new Map(), sent: new Set(), isClosed: false };
    this.ledger.streams.push(stream);
    return stream;
  }

  async #append(socket: FrameSocket, stream: LoadStream, close: boolean): Promise<void> {
    const recordId = new Uint8Array(randomBytes(16));
    const size = limits.recordSizes[Math.floor(this.#chance.between(0, limits.recordSizes.length))] ?? 1024;
    const body = new Uint8Array(randomBytes(size));
    // Records that expire are kept under keys of their own.
    const expiryDay = this.#chance.between(0, 1) < 0.3 ? day + Math.ceil(this.#chance.between(1, 30)) : null;
    stream.sent.add(hexOf(recordId));
    const result = await socket.ask({ kind: "append", sid: stream.sid, recordId, body, expiryDay, close });
    if (result.kind !== "appended") throw new Error(`an append was answered ${result.kind}`);
    stream.records.set(result.position, { recordId, body });
    if (close) stream.isClosed = true;
    this.#onAcknowledged();
  }

  async #putChunks(client: ServiceClient, ticket: Uint8Array): Promise<void> {
    while (!this.#isOver) {
      const bytes = new Uint8Array(randomBytes(Math.floor(this.#chance.between(1000, 120_000))));
      const hash = primitives.sha256(bytes);
      const lease = leaseName(primitives, new Uint8Array(randomBytes(32)));
      await client.putChunk({ hash, lease, expiryDay: day + 20, ticket, bytes });
      this.ledger.chunks.push(hash);
      this.#onAcknowledged();
      await sleep(this.#chance.between(0, 20));
    }
  }

  /** New accounts, and a chain that grows. */
  async #writeDirectory(grown: LoadAccount): Promise<void> {
    const client = this.#client(grown);
    const handle = parseHandle(grown.name, domain);
    for (let i = 1; !this.#isOver; i++) {
      await this.#register(`load-${i}`);
      if (grown.statements.length < limits.maxDevicesPerAccount) {
        const chain = await verifyChain(primitives, handle, grown.statements);
        const device = await certifyDevice(primitives, handle, createDeviceSecrets(primitives));
        const { statement } = await addDevice(primitives, chain, grown.secrets, device, day);
        await client.appendStatement(grown.name, statement);
        grown.statements.push(statement);
        this.#onAcknowledged();
      }
      await sleep(this.#chance.between(0, 50));
    }
  }

  async #fillInbox(client: ServiceClient, { owner, envelopes }: LoadInbox): Promise<void> {
    for (let i = 1; !this.#isOver; i++) {
      const envelope = new Uint8Array(randomBytes(limits.envelopeSizes[i % 2] ?? 4096));
      const { ticket } = await client.requestTicket({ bytes: 0, days: 0, streams: 0, envelopes: 1 });
      await client.postEnvelope(owner.name, owner.secrets.deviceId, { kind: "ticket", ticket }, envelope);
      envelopes.push(envelope);
      this.#onAcknowledged();
      if (i % 12 === 0) {
        const [first] = (await client.readInbox(0)).envelopes;
        // From here on it may be gone.
        envelopes.shift();
        await client.acknowledgeInbox(first?.position ?? 0);
      }
      await sleep(this.#chance.between(0, 30));
    }
  }

  async #register(name: string): Promise<LoadAccount> {
    const secrets = createDeviceSecrets(primitives);
    const { statement } = await createChain(primitives, parseHandle(name, domain), secrets, day);
    const account: LoadAccount = { name, secrets, statements: [] };
    await this.#client(account).createAccount(name, statement);
    account.statements.push(statement);
    this.ledger.accounts.push(account);
    this.#onAcknowledged();
    return account;
  }

  #client(account: LoadAccount): ServiceClient {
    return clientOf(this.#transport, this.#url, account);
  }
}

export function clientOf(transport: NodeTransport, url: string, { name, secrets }: LoadAccount): ServiceClient {
  const sign = (message: Uint8Array): Promise<Uint8Array> => primitives.signEd25519(secrets.requestSeed, message);
  const signer = { name, deviceId: secrets.deviceId, sign };
  return createServiceClient({ transport, verifier: primitives, url, signer });
}

function unlessCutOff(error: unknown): void {
  if (!isBullaError(error) || !error.code.startsWith("transport/")) throw error;
}
