import { BullaError, isHost } from "@bulla/wire";
import { CountingAdmission } from "./admission/admission.ts";
import { Tickets } from "./admission/tickets.ts";
import type { ApiContext } from "./api/context.ts";
import { Nonces } from "./api/nonces.ts";
import { RateLimiter } from "./api/rate-limiter.ts";
import { RequestAuthority } from "./api/request-authority.ts";
import { createServer } from "./api/server.ts";
import { Blobs } from "./blobs/blobs.ts";
import { type Clock, systemClock } from "./clock.ts";
import { DataFolder } from "./data-folder.ts";
import { Accounts } from "./directory/accounts.ts";
import { Housekeeping } from "./housekeeping.ts";
import { listen } from "./listen.ts";
import { nodeVerifier } from "./node-verifier.ts";
import { ChunkFolder } from "./objects/fs/chunk-folder.ts";
import { defaultServiceLimits, type ServiceLimits } from "./service-limits.ts";
import { SqliteCounterStore } from "./storage/sqlite/counter-store.ts";
import { SqliteDirectoryStore } from "./storage/sqlite/directory-store.ts";
import { SqliteLeaseStore } from "./storage/sqlite/lease-store.ts";
import { SqliteStreamStore } from "./storage/sqlite/stream-store.ts";
import { Gateway } from "./streams/gateway.ts";
import { StreamHub } from "./streams/stream-hub.ts";

export interface ServiceOptions {
  /** Owned by one service at a time. */
  readonly dataFolder: string;
  /** Address to listen on; `127.0.0.1` by default. */
  readonly host?: string;
  /** 7400 by default; 0 takes a free one. */
  readonly port?: number;
  /** Host part of its handles; remembered in the data folder, `localhost:PORT` when there is none. */
  readonly domain?: string;
  readonly clock?: Clock;
  /** Gets lines without handles, names, sids and addresses; nothing by default. */
  readonly log?: (line: string) => void;
  readonly limits?: Partial<ServiceLimits>;
}

/** A running service. Disposing it stops accepting, finishes what is being committed, writes the counters and closes everything. */
export interface Service extends AsyncDisposable {
  /** Base URL on this machine, without a trailing slash. */
  readonly url: string;
  readonly domain: string;
}

/** Starts the blind service.
 *  @throws BullaError service/unavailable – the port cannot be had; store/locked, store/corrupt, store/unsupported-version, file/unwritable, service/conflict – the data folder */
export async function createService(options: ServiceOptions): Promise<Service> {
  const { dataFolder, host = "127.0.0.1", port = 7400, domain, clock = systemClock, log = () => undefined } = options;
  if (domain !== undefined && !isHost(domain))
    throw new BullaError("wire/bad-handle", "the domain is not a host", {
      hint: "a domain is a lower-case host name, with a port if it has an own one",
    });
  const limits = { ...defaultServiceLimits, ...options.limits };
  await using closing = new AsyncDisposableStack();

  const folder = closing.use(new DataFolder(dataFolder));
  const streams = closing.use(new SqliteStreamStore(folder.file("streams.db")));
  const directory = closing.use(new SqliteDirectoryStore(folder.file("directory.db")));
  const leases = closing.use(new SqliteLeaseStore(folder.file("leases.db")));
  const counters = closing.use(new SqliteCounterStore(folder.file("counters.db")));

  const authority = new RequestAuthority();
  const tickets = new Tickets(clock, limits.maxTickets);
  const admission = new CountingAdmission(counters, tickets, limits.quota, clock);
  closing.defer(() => admission.flush());
  const blobs = new Blobs(new ChunkFolder(folder.file("blobs")), leases, clock, limits.maxUploads);
  closing.defer(() => blobs.drain());
  const hub = new StreamHub(streams, clock);
  closing.defer(() => hub.drain());
  const accounts = new Accounts(directory, nodeVerifier, () => authority.domain);
  const context: ApiContext = {
    clock,
    limits,
    accounts,
    directory,
    admission,
    tickets,
    blobs,
    nonces: new Nonces(clock, limits.maxNonces),
    rates: new RateLimiter(clock),
    authority,
    log,
  };
  const housekeeping = closing.use(new Housekeeping({ streams, directory, leases, blobs, admission, clock, log }));

  const app = createServer(context);
  const gateway = new Gateway(app.server, { hub, tickets, clock, log });
  closing.defer(async () => {
    await gateway.close();
    await app.close();
  });
  const actualPort = await listen(app, host, port);
  const settled = folder.settleDomain(domain, actualPort);
  authority.set(settled, host, actualPort);
  housekeeping.start();

  const running = closing.move();
  return {
    url: `http://localhost:${actualPort}`,
    domain: settled,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
