import type { Client } from "../../../client.ts";
import { createSession } from "../../../client-session.ts";
import { Conversations } from "../../../conversations/conversations.ts";
import { openAccount } from "../../../engine/account.ts";
import { Engine } from "../../../engine/engine.ts";
import { Services } from "../../../engine/services.ts";
import { createTransfers } from "../../../transfers/transfers.ts";
import { createNodeFiles } from "../files/node-files.ts";
import { openHome } from "../home/home.ts";
import { tryLock } from "../home/home-lock.ts";
import { createSpool } from "../home/spool.ts";
import { SealPool } from "../seal-pool.ts";
import { NodeTransport } from "../transport/node-transport.ts";
import { systemClock } from "../transport/system-clock.ts";

export interface OpenClientOptions {
  readonly home: string;
  readonly passphrase?: string;
  /** Hosts whose service is known without asking: for tests, and for hosts without a web server. */
  readonly hosts?: ReadonlyMap<string, string>;
}

/** Open this device. Nothing is asked of the network until something needs it.
 *  @throws BullaError store/* */
export async function openClient({ home: folder, passphrase, hosts = new Map() }: OpenClientOptions): Promise<Client> {
  const home = await openHome(folder, { passphrase });
  const transport = new NodeTransport();
  const { primitives, store, card } = home;
  const account = await openAccount(card.handle, store, primitives, systemClock);
  const strangerTransport = new NodeTransport({ connectPolicy: "stranger" });
  const services = new Services({ account, transport, strangerTransport, ownUrl: card.service, hosts });
  const engine = new Engine(account, services);
  const sealer = new SealPool();
  const transfers = createTransfers({
    mail: engine,
    store,
    files: createNodeFiles(),
    sealer,
    primitives,
    secrets: account.secrets,
    clock: systemClock,
    locks: { tryLock: (name) => tryLock(home, name) },
    spool: createSpool(home),
    isFirstContact: (space) => engine.isFirstContact(space),
    isBlocked: (handle) => engine.isBlocked(handle),
  });
  engine.register(transfers.handler);
  const conversations = new Conversations({ engine, store, clock: systemClock, random: primitives.random });
  engine.register(conversations.handler);
  const close = async (): Promise<void> => {
    await transfers[Symbol.asyncDispose]();
    await services[Symbol.asyncDispose]();
    await sealer[Symbol.asyncDispose]();
    await transport[Symbol.asyncDispose]();
    await strangerTransport[Symbol.asyncDispose]();
    await home[Symbol.asyncDispose]();
  };
  return createSession({ account, engine, transfers, conversations, close });
}
