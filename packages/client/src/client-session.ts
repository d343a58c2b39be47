import { BullaError, type Handle, hexOf, splitHandle } from "@bulla/wire";
import type {
  Client,
  ContactView,
  DeviceView,
  ReceivedView,
  ReceiveRequest,
  SendRequest,
  SentView,
  WorkOptions,
} from "./client.ts";
import type { Conversations } from "./conversations/conversations.ts";
import type { Account } from "./engine/account.ts";
import { fingerprintOf } from "./engine/chain-shelf.ts";
import type { Engine } from "./engine/engine.ts";
import { isOffline } from "./engine/services.ts";
import type { Transfers } from "./transfers/transfers.ts";

export interface SessionParts {
  readonly account: Account;
  readonly engine: Engine;
  readonly transfers: Transfers;
  readonly conversations: Conversations;
  readonly close: () => Promise<void>;
}

const watchMilliseconds = 3000;

/** The façade over engine and transfers. */
export function createSession({ account, engine, transfers, conversations, close }: SessionParts): Client {
  const tend = async (): Promise<void> => {
    await engine.foundSelfSpace();
    await engine.tendAccount();
  };

  /** Read everything that is new, as far as the service can be reached. Whoever the rules of `receive` let in is let in. */
  const catchUp = async (): Promise<void> => {
    try {
      await tend();
      await engine.readInbox({ watching: false });
      await engine.retryWaiting();
      await engine.syncAll();
    } catch (error) {
      ignoreOffline(error);
    }
  };

  async function* receiveOnce(request: ReceiveRequest, options: WorkOptions): AsyncGenerator<ReceivedView> {
    const rules = { watching: request.watch === true, ...(request.from === undefined ? {} : { from: request.from }) };
    if (request.from !== undefined) await engine.mustExist(request.from);
    const news = await engine.readInbox(rules);
    const refused = [...news.refused, ...(await engine.retryWaiting())];
    if (request.from !== undefined) refused.push(...(await engine.letInNamed(request.from)));
    for (const { from, host } of news.waiting) yield { kind: "waiting", from, host };
    // An envelope that does not even open has no sender to name.
    for (const { from, error } of refused)
      if (from !== null)
        yield { kind: "refused", transfer: null, from, name: null, code: error.code, message: error.message };
    await engine.syncAll();
    for (const { from, code, message } of await engine.takeNotices())
      yield { kind: "refused", transfer: null, from, name: null, code, message };
    await transfers.resume(options);
    const shown = new Set<Handle>();
    for await (const view of transfers.receive(request, options)) {
      yield view;
      if (view.kind === "file" && view.firstContact) shown.add(view.from);
    }
    for (const handle of shown) await engine.firstContactShown(handle);
    await engine.flush();
  }

  return {
    handle: account.handle,
    deviceId: account.me.deviceId,

    async devices(): Promise<readonly DeviceView[]> {
      await engine.chains.lookup(account.handle).catch((error: unknown) => {
        if (!isOffline(error)) throw error;
      });
      const chain = await engine.chains.stored(account.handle);
      return [...(chain?.devices.values() ?? [])].map(({ keys, suspendedFrom }) => ({
        deviceId: hexOf(keys.deviceId),
        thisDevice: hexOf(keys.deviceId) === hexOf(account.me.deviceId),
        state: suspendedFrom === undefined ? "active" : "suspended",
      }));
    },

    async contacts(): Promise<readonly ContactView[]> {
      const views: ContactView[] = [];
      for (const { handle, state } of await engine.contacts()) {
        if (state === "known") continue;
        const chain = await engine.chains.stored(handle);
        views.push({
          handle,
          state,
          createFingerprint: chain === undefined ? "" : fingerprintOf(chain),
          host: splitHandle(handle).host,
        });
      }
      return views;
    },

    async acceptContact(handle: Handle): Promise<void> {
      const [refused] = await engine.acceptContact(handle);
      if (refused !== undefined) throw refused.error;
    },
    blockContact: (handle) => engine.blockContact(handle),
    unblockContact: (handle) => engine.unblockContact(handle),

    async send(request: SendRequest, options: WorkOptions = {}): Promise<readonly SentView[]> {
      await tend().catch(ignoreOffline);
      return transfers.send(request, options);
    },

    async resume(options: WorkOptions = {}): Promise<void> {
      await tend();
      const [failure] = await transfers.resume(options);
      await engine.flush();
      if (failure !== undefined) throw failure.error;
    },

    async *receive(request: ReceiveRequest, options: WorkOptions = {}): AsyncGenerator<ReceivedView> {
      if (request.watch !== true) {
        await tend();
        yield* receiveOnce(request, options);
        return;
      }
      const announced = new Set<string>();
      for (;;) {
        try {
          await tend();
          for await (const view of receiveOnce(request, options)) {
            if (view.kind === "waiting" && announced.has(view.from)) continue;
            if (view.kind === "waiting") announced.add(view.from);
            yield view;
          }
        } catch (error) {
          // Away for a while: the next round goes on where this one stopped.
          ignoreOffline(error);
        }
        await account.clock.sleep(watchMilliseconds, options.signal);
      }
    },

    async sent(options: WorkOptions = {}): Promise<readonly SentView[]> {
      const stopped = new Map<string, SentView>();
      try {
        await tend();
        for (const { transfers: views, error } of await transfers.resume(options))
          for (const view of views) stopped.set(view.transfer, { ...view, problem: error.message });
        await engine.syncAll();
      } catch (error) {
        ignoreOffline(error);
      }
      const listed = (await transfers.sent()).map((view) => {
        const problem = stopped.get(view.transfer)?.problem;
        stopped.delete(view.transfer);
        return problem === undefined ? view : { ...view, problem };
      });
      // What can never be sent was given up, and is told this once.
      return [...stopped.values(), ...listed];
    },

    receipt: (transferId) => transfers.receipt(transferId),

    async spaces() {
      await catchUp();
      return conversations.list();
    },
    space: (space) => conversations.show(space),
    async directSpace(handle) {
      await catchUp();
      return engine.directSpace(handle);
    },
    async createSpace(name, members) {
      await tend();
      return conversations.create(name, members);
    },
    addMembers: (space, members, role = "member") => engine.groups.add(space, members, role),
    removeMembers: (space, members) => engine.groups.remove(space, members),
    setRole: (space, member, role) => engine.groups.setRole(space, member, role),
    setHistory: (space, history) => engine.groups.setHistory(space, history),
    renameSpace: (space, name) => conversations.rename(space, name),
    rotateSpace: (space) => engine.groups.rotate(space),
    leaveSpace: (space) => engine.groups.leave(space),
    say: (space, text) => conversations.say(space, text),
    async lines(space) {
      await conversations.show(space);
      await catchUp();
      return conversations.read(space);
    },

    async pinOf(handle: Handle, position?: number): ReturnType<Client["pinOf"]> {
      const chain = await engine.chains.stored(handle);
      if (chain === undefined) return undefined;
      const at = Math.min(position ?? chain.position, chain.position);
      const hash = chain.hashes[at - 1];
      if (hash === undefined) throw new BullaError("receipt/refused", "there is no such place in an identity chain");
      return { position: at, hash, createFingerprint: chain.createFingerprint };
    },

    [Symbol.asyncDispose]: close,
  };
}

function ignoreOffline(error: unknown): void {
  if (!isOffline(error)) throw error;
}
