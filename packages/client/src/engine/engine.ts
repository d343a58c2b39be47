import { type EventBody, encodeEvent, eventOf } from "@bulla/content";
import { foundSpace } from "@bulla/core";
import { BullaError, type Handle, hexOf } from "@bulla/wire";
import type { VerifiedChain } from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import type { ServiceClient } from "../service/service-client.ts";
import { type Account, today } from "./account.ts";
import { hearCapability, offerCapability, registerCapabilities, withdrawCapability } from "./capabilities.ts";
import { ChainShelf } from "./chain-shelf.ts";
import { listContacts, loadContact, newContact, saveContact } from "./contacts.ts";
import { findDirectSpace, foundDirectSpace, leaveStopped } from "./direct-space.ts";
import { flushSpace } from "./flush.ts";
import { Groups } from "./groups.ts";
import { readHistory } from "./history.ts";
import { type InboxNews, type InboxRules, readInbox, takeWaiting } from "./inbox.ts";
import { stockKeyPackages } from "./key-packages.ts";
import { hearLeaving, letGo } from "./leave-space.ts";
import { type Notice, takeNotices } from "./notices.ts";
import { mayWrite, queueContent, settleHeld } from "./outbox.ts";
import { places } from "./places.ts";
import { queueOpening } from "./queue-opening.ts";
import { isOffline, type Services } from "./services.ts";
import type { MailHandler, SpaceMail } from "./space-mail.ts";
import { enterStream, listSpaces, loadInfo, loadSpace, saveInfo } from "./space-shelf.ts";
import type { Contact } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

/** Moves what is said: spaces, outbox, inbox, contacts. Everything it knows is in the store; nothing is lost when it stops anywhere. */
export class Engine implements SpaceMail {
  readonly #context: SyncContext;
  readonly #handlers: MailHandler[] = [];
  readonly #queues = new Map<string, Promise<unknown>>();

  /** Spaces of more than two. */
  readonly groups: Groups;

  constructor(account: Account, services: Services) {
    this.#context = { account, services, chains: new ChainShelf(account, services), handlers: this.#handlers };
    this.groups = new Groups(this.#context, (space, work) => this.#alone(space, work));
    this.register({
      onEvent: async (transaction, heard) => {
        await hearLeaving(this.#context, transaction, heard);
        await hearCapability(this.#context, transaction, heard);
      },
      onAcknowledged: async () => undefined,
    });
  }

  get me(): SpaceMail["me"] {
    return this.#context.account.me;
  }

  get host(): string {
    return this.#context.account.host;
  }

  get chains(): ChainShelf {
    return this.#context.chains;
  }

  /** Let content hear what is said. */
  register(handler: MailHandler): void {
    this.#handlers.push(handler);
  }

  async directSpace(handle: Handle): Promise<string> {
    const { account } = this.#context;
    if (handle === account.handle)
      throw new BullaError("contact/unknown-recipient", "that is this account itself", { hint: "name somebody else" });
    const contact = await loadContact(account.store, account.primitives, handle);
    if (contact?.state === "blocked")
      throw new BullaError("contact/blocked", "this person is blocked", {
        hint: "run `bulla contacts unblock HANDLE` first",
      });
    const found = await findDirectSpace(this.#context, handle);
    if (found !== undefined && (await this.#readyToWrite(found))) return found;
    // Writing to somebody whose invitation waits is accepting it.
    if ((contact?.envelopes.length ?? 0) > 0) await takeWaiting(this.#context, handle);
    return (await findDirectSpace(this.#context, handle)) ?? foundDirectSpace(this.#context, handle);
  }

  /** What is known of a person is checked against the directory before anything is said to them; without a connection what is pinned holds. */
  async #readyToWrite(space: string): Promise<boolean> {
    await this.groups.ready(space);
    return (await loadInfo(this.#context.account.store, space))?.state !== "removed";
  }

  async say(transaction: StoreTransaction, space: string, body: EventBody, tag: string): Promise<void> {
    const { account } = this.#context;
    const { primitives, clock } = account;
    // Who may only read sends no receipts either, and takes in files all the same.
    if (body.kind === "receipt") {
      const { chapter } = await loadSpace(transaction, primitives, space);
      if (!mayWrite(account, chapter.constitution)) return;
    }
    const queue = (what: EventBody, tagged: string): Promise<void> => {
      const event = eventOf(what, primitives.random(16), Math.max(0, clock.now()));
      return queueContent(transaction, account, space, encodeEvent(event), tagged);
    };
    await queue(body, tag);
    const what = await offerCapability(account, transaction, space);
    if (what !== undefined) await queue({ kind: "system", what }, "");
  }

  /** What was said to fewer people than would read it now waits for a person's word.
   *  @returns how much that was. @throws BullaError space/* */
  async settleHeld(space: string, choice: "say" | "drop"): Promise<number> {
    const { account } = this.#context;
    return this.#alone(space, () =>
      account.store.step((transaction) => settleHeld(transaction, account, space, choice)),
    );
  }

  async flush(): Promise<"done" | "offline"> {
    const { store } = this.#context.account;
    const entries = await store.list(places.outboxes);
    const spaces = [...new Set(entries.map(({ key }) => key.split("/")[1] ?? ""))];
    const results: ("done" | "offline")[] = [];
    for (const space of spaces) results.push(await this.#alone(space, () => flushSpace(this.#context, space)));
    if (results.includes("offline")) return "offline";
    try {
      await registerCapabilities(this.#context);
    } catch (error) {
      if (!isOffline(error)) throw error;
    }
    return "done";
  }

  /** Read every space to its end, and send what that made necessary. What blocked people say stays where it is: it comes when they are unblocked. */
  async syncAll(): Promise<void> {
    for (const space of await listSpaces(this.#context.account.store)) {
      const peer = await this.peerOf(space);
      if (peer !== undefined && (await this.isBlocked(peer))) continue;
      await this.#alone(space, async () => {
        await syncSpace(this.#context, space);
        await letGo(this.#context, space);
        await readHistory(this.#context, space);
      });
    }
    await this.flush();
  }

  async readInbox(rules: InboxRules): Promise<InboxNews> {
    return readInbox(this.#context, rules);
  }

  /** Compare the directory's idea of this account with its own, and keep the pool filled.
   *  @throws BullaError identity/* when the service shows another chain than this device knows */
  async tendAccount(): Promise<void> {
    const { account, services, chains } = this.#context;
    await chains.lookup(account.handle);
    await stockKeyPackages(account, (await services.link()).client);
  }

  /** Found the self space, once. */
  async foundSelfSpace(): Promise<void> {
    const { account, chains } = this.#context;
    const own = await chains.stored(account.handle);
    if (own === undefined || (await account.store.get(places.self)) !== undefined) return;
    const { primitives, me, secrets, host, store } = account;
    const { chapter, opening } = await foundSpace(
      primitives,
      me,
      secrets,
      chains,
      { kind: "self", home: host },
      today(account),
    );
    const space = hexOf(chapter.space);
    await store.step(async (transaction) => {
      if ((await transaction.get(places.self)) !== undefined) return;
      await transaction.put(places.self, chapter.space);
      await saveInfo(transaction, space, {
        version: 1,
        kind: "self",
        home: host,
        peer: null,
        state: "active",
        why: null,
      });
      await enterStream(transaction, primitives, chapter, undefined);
      await queueOpening(transaction, account, space, chapter, opening);
    });
  }

  async serviceOf(host?: string): Promise<ServiceClient> {
    return (await this.#context.services.link(host)).client;
  }

  async chainOf(handle: Handle): Promise<VerifiedChain | undefined> {
    return this.#context.chains.stored(handle);
  }

  async peerOf(space: string): Promise<Handle | undefined> {
    return (await loadInfo(this.#context.account.store, space))?.peer ?? undefined;
  }

  async contacts(): Promise<readonly Contact[]> {
    return listContacts(this.#context.account.store);
  }

  /** @throws BullaError contact/unknown-recipient */
  async acceptContact(handle: Handle): Promise<InboxNews["refused"]> {
    const { account } = this.#context;
    await this.#changeContact(handle, (contact) => ({ ...contact, state: "accepted" }));
    await account.store.step(async (transaction) => {
      const contact = await loadContact(transaction, account.primitives, handle);
      if (contact !== undefined) await leaveStopped(transaction, contact);
    });
    return takeWaiting(this.#context, handle).catch((error: unknown) => {
      if (isOffline(error)) return [];
      throw error;
    });
  }

  async blockContact(handle: Handle): Promise<void> {
    const { account } = this.#context;
    await account.store.step(async (transaction) => {
      const contact = (await loadContact(transaction, account.primitives, handle)) ?? newContact(handle, "blocked");
      await saveContact(transaction, account.primitives, { ...contact, state: "blocked", envelopes: [] });
      await withdrawCapability(account, transaction, handle);
    });
  }

  /** @throws BullaError contact/unknown-recipient */
  async unblockContact(handle: Handle): Promise<void> {
    await this.#changeContact(handle, (contact) =>
      contact.state === "blocked" ? { ...contact, state: contact.spaces.length > 0 ? "accepted" : "known" } : contact,
    );
  }

  /** Whether somebody was let in by rule and nothing of them was shown yet. */
  async isFirstContact(space: string): Promise<boolean> {
    const { account } = this.#context;
    const peer = await this.peerOf(space);
    return peer !== undefined && (await loadContact(account.store, account.primitives, peer))?.firstContact === true;
  }

  /** The person has seen who it is. */
  async firstContactShown(handle: Handle): Promise<void> {
    await this.#changeContact(handle, (contact) => ({ ...contact, firstContact: false }));
  }

  async isBlocked(handle: Handle): Promise<boolean> {
    const { account } = this.#context;
    return (await loadContact(account.store, account.primitives, handle))?.state === "blocked";
  }

  /** Invitations of accepted people that could not be followed before, say because their service was away. */
  async retryWaiting(): Promise<InboxNews["refused"]> {
    const refused: InboxNews["refused"][number][] = [];
    for (const contact of await this.contacts()) {
      if (contact.state === "accepted" && contact.envelopes.length > 0)
        refused.push(...(await takeWaiting(this.#context, contact.handle)));
    }
    return refused;
  }

  /** Whom a person names is somebody this device knows, or somebody that the directory knows.
   *  @throws BullaError contact/unknown-recipient, identity/*, transport/* */
  async mustExist(handle: Handle): Promise<void> {
    const { account, chains } = this.#context;
    if ((await loadContact(account.store, account.primitives, handle)) === undefined) await chains.lookup(handle);
  }

  /** What went wrong in spaces and was not shown yet. */
  async takeNotices(): Promise<readonly Notice[]> {
    return takeNotices(this.#context.account.store);
  }

  /** Let in somebody the person named, if they wait. */
  async letInNamed(handle: Handle): Promise<InboxNews["refused"]> {
    const { account } = this.#context;
    const contact = await loadContact(account.store, account.primitives, handle);
    return (contact?.envelopes.length ?? 0) > 0 && contact?.state !== "blocked"
      ? takeWaiting(this.#context, handle)
      : [];
  }

  async #changeContact(handle: Handle, change: (contact: Contact) => Contact): Promise<void> {
    const { account } = this.#context;
    await account.store.step(async (transaction) => {
      const contact = await loadContact(transaction, account.primitives, handle);
      if (contact === undefined)
        throw new BullaError("contact/unknown-recipient", "this device knows nobody of that handle", {
          hint: "run `bulla contacts` to see whom it knows",
        });
      await saveContact(transaction, account.primitives, change(contact));
    });
  }

  /** One thing at a time per space, within this process; among processes the store's steps keep order. */
  #alone<T>(space: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(space) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#queues.set(
      space,
      mine.catch(() => undefined),
    );
    return mine;
  }
}
