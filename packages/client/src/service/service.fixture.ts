import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChain, createDeviceSecrets, type DeviceSecrets, type Primitives } from "@bulla/core";
import { createService, type Service } from "@bulla/service";
import { parseHandle, type StreamAddress, streamKinds } from "@bulla/wire";
import type { SignedStatement } from "@bulla/wire/identity";
import { createNodePrimitives, type NodeTransport, systemClock } from "../platform/node/index.ts";
import type { AccountSigner } from "./exchange.ts";
import { createServiceClient, type ServiceClient } from "./service-client.ts";
import type { ProveWriteKey } from "./stream-attachments.ts";
import { StreamConnection, type StreamConnectionOptions } from "./stream-connection.ts";

export const primitives: Primitives = createNodePrimitives();

/** A real service on a free port, which can be stopped and started again as the same one. */
export class RunningService implements AsyncDisposable {
  readonly #folder: string;
  #service: Service;
  readonly port: number;

  private constructor(folder: string, service: Service) {
    this.#folder = folder;
    this.#service = service;
    this.port = Number(new URL(service.url).port);
  }

  static async start(): Promise<RunningService> {
    const folder = await mkdtemp(join(tmpdir(), "bulla-client-"));
    return new RunningService(folder, await createService({ dataFolder: folder, port: 0 }));
  }

  get url(): string {
    return this.#service.url;
  }

  get domain(): string {
    return this.#service.domain;
  }

  async stop(): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }

  async restart(): Promise<void> {
    this.#service = await createService({ dataFolder: this.#folder, port: this.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export interface TestAccount {
  readonly name: string;
  readonly secrets: DeviceSecrets;
  readonly statement: SignedStatement;
  readonly client: ServiceClient;
}

export function signerOf(name: string, { deviceId, requestSeed }: DeviceSecrets): AccountSigner {
  return { name, deviceId, sign: (message) => primitives.signEd25519(requestSeed, message) };
}

export async function createTestAccount(
  transport: NodeTransport,
  service: RunningService,
  name: string,
): Promise<TestAccount> {
  const secrets = createDeviceSecrets(primitives);
  const { statement } = await createChain(
    primitives,
    parseHandle(name, service.domain),
    secrets,
    Math.floor(Date.now() / 86_400_000),
  );
  const client = createServiceClient({
    transport,
    verifier: primitives,
    url: service.url,
    signer: signerOf(name, secrets),
  });
  await client.createAccount(name, statement);
  return { name, secrets, statement, client };
}

export interface TestStream {
  readonly address: StreamAddress;
  readonly prove: ProveWriteKey;
}

export function createTestStream(): TestStream {
  const seed = primitives.random(32);
  const address = {
    kind: streamKinds.chapter,
    writeKey: primitives.ed25519PublicKey(seed),
    readSecret: primitives.random(32),
  };
  return { address, prove: (message) => primitives.signEd25519(seed, message) };
}

/** A stream that is open and attached with proof. */
export async function openTestStream(
  connection: StreamConnection,
  client: ServiceClient,
): Promise<TestStream & { readonly sid: Uint8Array }> {
  const stream = createTestStream();
  const sid = await connection.attach(stream.address, stream.prove);
  const { ticket } = await client.requestTicket({ bytes: 0, days: 0, streams: 1, envelopes: 0 });
  await connection.openStream(sid, { kind: "ticket", ticket });
  return { ...stream, sid };
}

export function connectionTo(
  transport: NodeTransport,
  url: string,
  options: Partial<StreamConnectionOptions> = {},
): StreamConnection {
  return new StreamConnection({
    transport,
    verifier: primitives,
    clock: systemClock,
    random: primitives.random,
    url,
    firstWaitMilliseconds: 10,
    ...options,
  });
}

/** The n-th record of a test: its number is in the first bytes of the body. */
export function testRecord(
  sid: Uint8Array,
  n: number,
): { sid: Uint8Array; recordId: Uint8Array; body: Uint8Array; expiryDay: null; close: boolean } {
  const body = new Uint8Array(1024);
  new DataView(body.buffer).setUint32(0, n);
  return { sid, recordId: primitives.sha256(sid, body).slice(0, 16), body, expiryDay: null, close: false };
}

export function numberOf(body: Uint8Array): number {
  return new DataView(body.buffer, body.byteOffset).getUint32(0);
}

/** A TCP proxy that loses answers: it can cut every connection, or the next ones after so many bytes from the service. */
export class CuttingProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Bytes of the service that the next connections still let through, one number each; then all. */
  cuts: number[] = [];
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port: number): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on("connection", (near) => proxy.#carry(near, port));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(near: Socket, port: number): void {
    this.connections++;
    let left = this.cuts.shift() ?? Number.POSITIVE_INFINITY;
    const far = connect(port, "127.0.0.1");
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    near.on("data", (part) => far.write(part));
    far.on("data", (part) => {
      if (left <= 0) return;
      near.write(part.subarray(0, left));
      left -= part.length;
      // What was asked has reached the service and been carried out; only the answer is lost.
      if (left <= 0) setTimeout(end, 20);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cutAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
