import { isBullaError } from "@bulla/wire";
import type { Transport } from "../ports.ts";
import { discoverService } from "../service/discover-service.ts";
import { createServiceClient, type ServiceClient, type Ticket } from "../service/service-client.ts";
import { StreamConnection } from "../service/stream-connection.ts";
import type { Account } from "./account.ts";

/** A service as the engine uses it: its HTTP side and its streams. */
export interface ServiceLink {
  readonly client: ServiceClient;
  readonly streams: StreamConnection;
}

export interface ServicesOptions {
  readonly account: Account;
  readonly transport: Transport;
  /** For services that other people name: https and public addresses only. Default: `transport`. */
  readonly strangerTransport?: Transport;
  /** Base URL of the own service. */
  readonly ownUrl: string;
  /** Hosts whose URL is known without asking. */
  readonly hosts: ReadonlyMap<string, string>;
}

/** How long an answer may take before this device counts as offline. */
const patienceMilliseconds = 20_000;
export const streamPatience = { timeoutMilliseconds: patienceMilliseconds } as const;

/** The services this device talks to, each found and connected when first needed. */
export class Services implements AsyncDisposable {
  readonly #options: ServicesOptions;
  readonly #links = new Map<string, Promise<ServiceLink>>();
  #ticket: { readonly ticket: Ticket; streams: number; envelopes: number; readonly until: number } | undefined;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** The service of a host; the own one when none is named.
   *  @throws BullaError transport/* */
  async link(host: string = this.#options.account.host): Promise<ServiceLink> {
    const found = this.#links.get(host);
    if (found !== undefined) return found;
    const link = this.#open(host);
    this.#links.set(host, link);
    link.catch(() => this.#links.delete(host));
    return link;
  }

  /** The streams of a host's service. Without a connection it is asked first whether it is there at all, so that being offline is noticed at once and not after a long wait.
   *  @throws BullaError transport/* */
  async streams(host: string): Promise<StreamConnection> {
    const { client, streams } = await this.link(host);
    if (streams.state !== "online") await client.about();
    return streams;
  }

  isOwn(host: string): boolean {
    return host === this.#options.account.host;
  }

  /** A ticket of the own service that still carries that much. */
  async ticket(streams: number, envelopes: number): Promise<Uint8Array> {
    const now = this.#options.account.clock.now();
    if (
      this.#ticket === undefined ||
      this.#ticket.streams < streams ||
      this.#ticket.envelopes < envelopes ||
      this.#ticket.until < now
    ) {
      const asked = { streams: Math.max(streams, 8), envelopes: Math.max(envelopes, 8) };
      const { client } = await this.link();
      const ticket = await client.requestTicket({ bytes: 0, days: 0, ...asked });
      this.#ticket = { ticket, ...asked, until: now + (ticket.seconds - 60) * 1000 };
    }
    this.#ticket.streams -= streams;
    this.#ticket.envelopes -= envelopes;
    return this.#ticket.ticket.ticket;
  }

  /** After the service forgot it, say by a restart. */
  dropTicket(): void {
    this.#ticket = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const links = await Promise.allSettled(this.#links.values());
    this.#links.clear();
    for (const link of links) if (link.status === "fulfilled") await link.value.streams[Symbol.asyncDispose]();
  }

  /** What somebody else names must not reach into this machine or its network, unless the own service is on this very machine. */
  #transportFor(host: string): Transport {
    const { transport, strangerTransport, ownUrl, hosts } = this.#options;
    const known = this.isOwn(host) || hosts.has(host) || isLoopback(ownUrl);
    return known ? transport : (strangerTransport ?? transport);
  }

  async #open(host: string): Promise<ServiceLink> {
    const { account, ownUrl, hosts } = this.#options;
    const transport = this.#transportFor(host);
    const url = this.isOwn(host) ? ownUrl : await discoverService(transport, host, hosts);
    const { primitives, clock, signer } = account;
    const client = createServiceClient({
      transport,
      verifier: primitives,
      url,
      ...(this.isOwn(host) ? { signer } : {}),
    });
    return {
      client,
      streams: new StreamConnection({ transport, verifier: primitives, clock, random: primitives.random, url }),
    };
  }
}

function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** Whether an error means "not reachable now", after which work is kept and tried again later. */
export function isOffline(error: unknown): boolean {
  return isBullaError(error, "transport/unreachable") || isBullaError(error, "service/unavailable");
}
