import { randomBytes } from "node:crypto";
import { createServiceClient, type ServiceClient } from "@bulla/client";
import { createNodePrimitives, NodeTransport } from "@bulla/client/node";
import { addDevice, certifyDevice, createChain, createDeviceSecrets } from "@bulla/core";
import {
  BullaError,
  dayOf,
  hexOf,
  isErrorCode,
  leaseName,
  parseHandle,
  proofBytes,
  streamId,
  streamKinds,
} from "@bulla/wire";
import type { Operation, Result } from "@bulla/wire/api";
import { verifyChain } from "@bulla/wire/identity";
import type { FrameSocket } from "../../support/frame-socket.ts";
import type { Ledger, LoadAccount, LoadInbox, LoadStream } from "./ledger.ts";

export const primitives = createNodePrimitives();
/** The service that is cut off answers at other ports afterwards, so its handles have a name of their own. */
export const domain = "disk.example";
const day = dayOf(Date.now());

/** Every kind of write to a service, each once and without a retry. What is acknowledged is written into the ledger and told at once; all else throws. */
export class Operations implements AsyncDisposable {
  readonly ledger: Ledger = { streams: [], chunks: [], accounts: [], inboxes: [] };
  readonly #url: string;
  readonly #onAcknowledged: () => void;
  readonly #transport = new NodeTransport();

  constructor(url: string, onAcknowledged: () => void = () => undefined) {
    this.#url = url;
    this.#onAcknowledged = onAcknowledged;
  }

  client(account: LoadAccount): ServiceClient {
    return clientOf(this.#transport, this.#url, account);
  }

  async register(name: string): Promise<LoadAccount> {
    const secrets = createDeviceSecrets(primitives);
    const { statement } = await createChain(primitives, parseHandle(name, domain), secrets, day);
    const account: LoadAccount = { name, secrets, statements: [] };
    await this.client(account).createAccount(name, statement);
    account.statements.push(statement);
    this.ledger.accounts.push(account);
    this.#onAcknowledged();
    return account;
  }

  /** A further device for an account. */
  async growChain(account: LoadAccount): Promise<void> {
    const handle = parseHandle(account.name, domain);
    const chain = await verifyChain(primitives, handle, account.statements);
    const device = await certifyDevice(primitives, handle, createDeviceSecrets(primitives));
    const { statement } = await addDevice(primitives, chain, account.secrets, device, day);
    await this.client(account).appendStatement(account.name, statement);
    account.statements.push(statement);
    this.#onAcknowledged();
  }

  async openStream(socket: FrameSocket, ticket: Uint8Array): Promise<LoadStream> {
    const writeSeed = new Uint8Array(randomBytes(32));
    const writeKey = primitives.ed25519PublicKey(writeSeed);
    const address = { kind: streamKinds.chapter, writeKey, readSecret: new Uint8Array(randomBytes(32)) };
    const sid = streamId(primitives, address);
    const stream: LoadStream = { sid, writeSeed, address, records: new Map(), sent: new Set(), isClosed: false };
    await attach(socket, stream);
    await ask(socket, { kind: "open", sid, admission: { kind: "ticket", ticket } }, "done");
    this.ledger.streams.push(stream);
    return stream;
  }

  /** @param expiryDays records that expire are kept under keys of their own */
  async append(
    socket: FrameSocket,
    stream: LoadStream,
    { size = 1024, close = false, expiryDays }: { size?: number; close?: boolean; expiryDays?: number } = {},
  ): Promise<void> {
    const recordId = new Uint8Array(randomBytes(16));
    const body = new Uint8Array(randomBytes(size));
    const expiryDay = expiryDays === undefined ? null : day + expiryDays;
    stream.sent.add(hexOf(recordId));
    const operation = { kind: "append", sid: stream.sid, recordId, body, expiryDay, close } as const;
    const { position } = await ask(socket, operation, "appended");
    stream.records.set(position, { recordId, body });
    if (close) stream.isClosed = true;
    this.#onAcknowledged();
  }

  async putChunk(client: ServiceClient, ticket: Uint8Array, size: number): Promise<void> {
    const bytes = new Uint8Array(randomBytes(size));
    const hash = primitives.sha256(bytes);
    const lease = leaseName(primitives, new Uint8Array(randomBytes(32)));
    await client.putChunk({ hash, lease, expiryDay: day + 20, ticket, bytes });
    this.ledger.chunks.push(hash);
    this.#onAcknowledged();
  }

  openInbox(owner: LoadAccount): LoadInbox {
    const inbox: LoadInbox = { owner, envelopes: [] };
    this.ledger.inboxes.push(inbox);
    return inbox;
  }

  async postEnvelope({ owner, envelopes }: LoadInbox, size: number): Promise<void> {
    const client = this.client(owner);
    const envelope = new Uint8Array(randomBytes(size));
    const { ticket } = await client.requestTicket({ bytes: 0, days: 0, streams: 0, envelopes: 1 });
    await client.postEnvelope(owner.name, owner.secrets.deviceId, { kind: "ticket", ticket }, envelope);
    envelopes.push(envelope);
    this.#onAcknowledged();
  }

  /** Have the oldest envelope deleted; from the request on it may be gone. */
  async acknowledgeEnvelope({ owner, envelopes }: LoadInbox): Promise<void> {
    const client = this.client(owner);
    const [first] = (await client.readInbox(0)).envelopes;
    envelopes.shift();
    await client.acknowledgeInbox(first?.position ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }
}

/** Show that this connection may read and append. */
export async function attach(socket: FrameSocket, { sid, address, writeSeed }: LoadStream): Promise<void> {
  const { kind, writeKey, readSecret } = address;
  const proof = await primitives.signEd25519(writeSeed, proofBytes(socket.nonce, sid));
  await ask(socket, { kind: "attach", streamKind: kind, writeKey, readSecret, proof }, "done");
}

async function ask<Kind extends Result["kind"]>(
  socket: FrameSocket,
  operation: Operation,
  wanted: Kind,
): Promise<Extract<Result, { kind: Kind }>> {
  const result = await socket.ask(operation);
  if (isKind(result, wanted)) return result;
  if (result.kind === "failed" && isErrorCode(result.code)) throw new BullaError(result.code, result.message);
  throw new Error(`${operation.kind} was answered ${result.kind}`);
}

function isKind<Kind extends Result["kind"]>(result: Result, kind: Kind): result is Extract<Result, { kind: Kind }> {
  return result.kind === kind;
}

export function clientOf(transport: NodeTransport, url: string, { name, secrets }: LoadAccount): ServiceClient {
  const sign = (message: Uint8Array): Promise<Uint8Array> => primitives.signEd25519(secrets.requestSeed, message);
  const signer = { name, deviceId: secrets.deviceId, sign };
  return createServiceClient({ transport, verifier: primitives, url, signer });
}
