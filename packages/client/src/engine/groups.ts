import type { Constitution, Policy, Role } from "@bulla/core";
import type { Handle } from "@bulla/wire";
import { flushSpace } from "./flush.ts";
import {
  type Also,
  addMembers,
  claimAll,
  constitutionOf,
  foundGroup,
  removeMembers,
  rotate,
  setHistory,
  setRole,
} from "./group-space.ts";
import { queueLeaving } from "./leave-space.ts";
import { removeSuspended } from "./remove-suspended.ts";
import { isOffline } from "./services.ts";
import { listSpaces, loadInfo } from "./space-shelf.ts";
import type { SpaceInfo } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

/** Runs work on one space after other work on it. */
type Alone = <T>(space: string, work: () => Promise<T>) => Promise<T>;

/** Spaces of any number of accounts: who is in, and how that changes. */
export class Groups {
  readonly #context: SyncContext;
  readonly #alone: Alone;

  constructor(context: SyncContext, alone: Alone) {
    this.#context = context;
    this.#alone = alone;
  }

  /** Found a group; `also` is done in the step in which it comes to be. Everybody's keys are looked for first; when the service goes away in between, the group stands and the rest of it is queued.
   *  @throws BullaError contact/unknown-recipient, contact/no-device, identity/*, transport/* */
  async found(members: readonly Handle[], role: Role, also: Also): Promise<string> {
    const invitees = await claimAll(this.#context, members);
    const space = await foundGroup(this.#context, also);
    await this.#alone(space, async () => {
      if (invitees.length > 0) await addMembers(this.#context, space, invitees, role);
      else await flushSpace(this.#context, space);
    });
    return space;
  }

  async add(space: string, members: readonly Handle[], role: Role): Promise<void> {
    const { members: known } = await this.constitution(space);
    const invitees = await claimAll(
      this.#context,
      members.filter((handle) => !known.some((member) => member.handle === handle)),
    );
    await this.#alone(space, () => addMembers(this.#context, space, invitees, role));
  }

  async remove(space: string, members: readonly Handle[]): Promise<void> {
    await this.#alone(space, () => removeMembers(this.#context, space, members));
  }

  async setRole(space: string, handle: Handle, role: Role): Promise<void> {
    await this.#alone(space, () => setRole(this.#context, space, handle, role));
  }

  /** What newcomers may read. */
  async setHistory(space: string, history: Policy["history"]): Promise<void> {
    await this.#alone(space, () => setHistory(this.#context, space, history));
  }

  async rotate(space: string): Promise<void> {
    await this.#alone(space, () => rotate(this.#context, space));
  }

  /** `said`: another member has to let this account go. `queued`: it could not be said yet. `gone`: nobody has to. */
  async leave(space: string): Promise<"said" | "queued" | "gone"> {
    return this.#alone(space, async () => {
      const left = await queueLeaving(this.#context, space);
      if (left === "gone") return left;
      return (await flushSpace(this.#context, space)) === "done" ? "said" : "queued";
    });
  }

  /** Before something is said: what the members' chains say now counts, so that no revoked device reads it. Without a connection what is pinned holds. */
  async ready(space: string): Promise<void> {
    const { chains, account } = this.#context;
    await chains.stored(account.handle);
    try {
      for (const { handle } of (await this.constitution(space)).members) await chains.lookup(handle);
      await this.#alone(space, () => removeSuspended(this.#context, space));
    } catch (error) {
      if (!isOffline(error)) throw error;
    }
  }

  /** @throws BullaError space/unknown */
  async constitution(space: string): Promise<Constitution> {
    return constitutionOf(this.#context, space);
  }

  /** Every space of this device, by its id in hex. */
  async list(): Promise<ReadonlyMap<string, SpaceInfo>> {
    const { store } = this.#context.account;
    const found = new Map<string, SpaceInfo>();
    for (const space of await listSpaces(store)) {
      const info = await loadInfo(store, space);
      if (info !== undefined) found.set(space, info);
    }
    return found;
  }
}
