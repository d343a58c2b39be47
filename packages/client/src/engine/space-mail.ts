import type { Event, EventBody, UnknownEvent } from "@bulla/content";
import type { Constitution, MemberDevice, Role } from "@bulla/core";
import type { Handle } from "@bulla/wire";
import type { VerifiedChain } from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import type { ServiceClient } from "../service/service-client.ts";

/** What content (transfers now, conversations later) needs from the engine that moves it. */
export interface SpaceMail {
  readonly me: MemberDevice;
  /** The direct space with this person; founded, and the person invited, when there is none. Returns its id in hex.
   *  @throws BullaError contact/unknown-recipient, contact/no-device, contact/blocked, identity/*, transport/unreachable */
  directSpace(handle: Handle): Promise<string>;
  /** Put an event into the outbox, sealed, as part of the caller's step. `tag` comes back with `onAcknowledged`. */
  say(transaction: StoreTransaction, space: string, body: EventBody, tag: string): Promise<void>;
  /** Append what the outbox holds. Offline is an outcome, not an error. */
  flush(options?: { readonly signal?: AbortSignal }): Promise<"done" | "offline">;
  /** The own service when `host` is absent. */
  serviceOf(host?: string): Promise<ServiceClient>;
  /** Host of the own service. */
  readonly host: string;
  chainOf(handle: Handle): Promise<VerifiedChain | undefined>;
  /** Handle of the other member of a direct space. */
  peerOf(space: string): Promise<Handle | undefined>;
}

/** An event that a member said: signature, place and order were checked. */
export interface HeardEvent {
  readonly space: string;
  readonly author: MemberDevice;
  /** Whether this very device said it. */
  readonly own: boolean;
  /** The author's, in the chapter in which it was said. */
  readonly role: Role;
  /** Where it lies: chapter, retry and position give the one order that all members see. */
  readonly place: {
    readonly number: number;
    readonly retry: number;
    readonly position: number;
    readonly recordId: Uint8Array;
  };
  /** Of a kind that this version does not know, it is still something that a member said. */
  readonly event: Event | UnknownEvent;
  /** The event as it was said. */
  readonly content: Uint8Array;
}

/** A chapter ended, and the next began. */
export interface HeardChange {
  readonly space: string;
  /** Of the chapter that begins. */
  readonly number: number;
  readonly by: MemberDevice;
  /** Whether this very device changed it. */
  readonly own: boolean;
  /** Whether this very device lets somebody in with it. */
  readonly invited: boolean;
  /** Whether it hands them the keys of earlier chapters as well. */
  readonly granted: boolean;
  readonly before: Constitution;
  readonly after: Constitution;
}

/** What content hears. All are called inside the step that also moves the cursor, so what they put is kept exactly once. They must not call the network. */
export interface MailHandler {
  onEvent(transaction: StoreTransaction, heard: HeardEvent): Promise<void>;
  onAcknowledged(transaction: StoreTransaction, tag: string): Promise<void>;
  /** What was acknowledged counts for nobody, and waits to be said again. */
  onTakenBack?(transaction: StoreTransaction, tag: string): Promise<void>;
  /** Something from before this device was there, by keys that a member handed over. Comes once, and later chapters first. */
  onPast?(transaction: StoreTransaction, heard: HeardEvent): Promise<void>;
  onChange?(transaction: StoreTransaction, change: HeardChange): Promise<void>;
}
