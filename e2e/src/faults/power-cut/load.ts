import { setTimeout as sleep } from "node:timers/promises";
import type { ServiceClient } from "@bulla/client";
import { isBullaError, limits } from "@bulla/wire";
import type { Chance } from "../../kill/chance.ts";
import { FrameSocket } from "../../support/frame-socket.ts";
import type { Ledger, LoadAccount, LoadInbox } from "./ledger.ts";
import { Operations } from "./operations.ts";

/** Writers of every kind at one service, until they are stopped or the service ends. */
export class Load {
  readonly #url: string;
  readonly #chance: Chance;
  readonly #operations: Operations;
  #writers: readonly Promise<void>[] = [];
  #isOver = false;

  constructor(url: string, chance: Chance, onAcknowledged: () => void) {
    this.#url = url;
    this.#chance = chance;
    this.#operations = new Operations(url, onAcknowledged);
  }

  get ledger(): Ledger {
    return this.#operations.ledger;
  }

  async start(): Promise<void> {
    const account = await this.#operations.register("load");
    const client = this.#operations.client(account);
    const { ticket } = await client.requestTicket({ bytes: 1_000_000_000, days: 30, streams: 64, envelopes: 256 });
    const writers = [
      ...Array.from({ length: 4 }, () => this.#writeStreams(ticket)),
      ...Array.from({ length: 2 }, () => this.#putChunks(client, ticket)),
      this.#writeDirectory(account),
      this.#fillInbox(this.#operations.openInbox(account)),
    ];
    this.#writers = writers.map((writer) => writer.catch(unlessCutOff));
  }

  /** Ends when all writers have. @throws what a writer met that was no end of the service */
  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#writers);
    await this.#operations[Symbol.asyncDispose]();
  }

  /** Appends a few records at a time and, now and then, closes the stream and opens the next. */
  async #writeStreams(ticket: Uint8Array): Promise<void> {
    const socket = await FrameSocket.open(this.#url);
    try {
      let stream = await this.#operations.openStream(socket, ticket);
      for (let i = 1; !this.#isOver; i++) {
        const close = i % 60 === 0;
        const count = close ? 1 : Math.ceil(this.#chance.between(0, 4));
        await Promise.all(
          Array.from({ length: count }, () => this.#operations.append(socket, stream, { ...this.#anyRecord(), close })),
        );
        if (close) stream = await this.#operations.openStream(socket, ticket);
      }
    } finally {
      socket.close();
    }
  }

  #anyRecord(): { readonly size: number; readonly expiryDays?: number } {
    const size = limits.recordSizes[Math.floor(this.#chance.between(0, limits.recordSizes.length))] ?? 1024;
    return this.#chance.between(0, 1) < 0.3 ? { size, expiryDays: Math.ceil(this.#chance.between(1, 30)) } : { size };
  }

  async #putChunks(client: ServiceClient, ticket: Uint8Array): Promise<void> {
    while (!this.#isOver) {
      await this.#operations.putChunk(client, ticket, Math.floor(this.#chance.between(1000, 120_000)));
      await sleep(this.#chance.between(0, 20));
    }
  }

  /** New accounts, and a chain that grows. */
  async #writeDirectory(grown: LoadAccount): Promise<void> {
    for (let i = 1; !this.#isOver; i++) {
      await this.#operations.register(`load-${i}`);
      if (grown.statements.length < limits.maxDevicesPerAccount) await this.#operations.growChain(grown);
      await sleep(this.#chance.between(0, 50));
    }
  }

  async #fillInbox(inbox: LoadInbox): Promise<void> {
    for (let i = 1; !this.#isOver; i++) {
      await this.#operations.postEnvelope(inbox, limits.envelopeSizes[i % 2] ?? 4096);
      if (i % 12 === 0) await this.#operations.acknowledgeEnvelope(inbox);
      await sleep(this.#chance.between(0, 30));
    }
  }
}

function unlessCutOff(error: unknown): void {
  if (!isBullaError(error) || !error.code.startsWith("transport/")) throw error;
}
