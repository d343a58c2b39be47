import {
  type Chapter,
  type Constitution,
  foundSpace,
  memberOf,
  type OperationBody,
  type Policy,
  type Role,
} from "@bulla/core";
import { BullaError, type Handle, hexOf } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import { today } from "./account.ts";
import { changeSpace, type Wish } from "./change-space.ts";
import { flushSpace } from "./flush.ts";
import { addMemberOf, claimDevices, type Invitee } from "./invitees.ts";
import { queueOpening } from "./queue-opening.ts";
import { enterStream, loadInfo, loadSpace, saveInfo } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";

/** What else belongs into a step that founds a space. */
export type Also = (transaction: StoreTransaction, space: string) => Promise<void>;

/** Found a group with this account alone in it, as its owner. */
export async function foundGroup({ account, chains }: SyncContext, also: Also): Promise<string> {
  const { primitives, me, secrets, host, store } = account;
  await chains.stored(account.handle);
  const plan = { kind: "group", home: host } as const;
  const { chapter, opening } = await foundSpace(primitives, me, secrets, chains, plan, today(account));
  const space = hexOf(chapter.space);
  await store.step(async (transaction) => {
    const info = { version: 1, kind: "group", home: host, peer: null, state: "active", why: null } as const;
    await saveInfo(transaction, space, info);
    await enterStream(transaction, primitives, chapter, undefined);
    await queueOpening(transaction, account, space, chapter, opening);
    await also(transaction, space);
  });
  return space;
}

/** Keys of everybody who is to come in; all are looked for before anything is changed.
 *  @throws BullaError contact/unknown-recipient, contact/no-device, identity/*, transport/* */
export async function claimAll(context: SyncContext, handles: readonly Handle[]): Promise<readonly Invitee[]> {
  const invitees: Invitee[] = [];
  for (const handle of new Set(handles)) invitees.push(await claimDevices(context, handle));
  return invitees;
}

/** Add members in one commit. Who is one already stays as it is.
 *  @throws BullaError space/not-a-member, space/not-allowed, space/refused-constitution when no owner would be left, transport/*, space/busy */
export async function addMembers(
  context: SyncContext,
  space: string,
  invitees: readonly Invitee[],
  role: Role,
): Promise<void> {
  const { account, chains } = context;
  const info = await loadInfo(account.store, space);
  if (info !== undefined && info.home !== account.host)
    throw new BullaError("space/not-allowed", "only members of the service that keeps this space can add to it", {
      about: info.home,
      hint: "ask a member of that service",
    });
  await change(context, space, ({ constitution }) => {
    const missing = invitees.filter(({ handle }) => memberOf(constitution, handle) === undefined);
    if (missing.length === 0) return undefined;
    return { bodies: missing.map((invitee) => addMemberOf(chains, invitee, role)), invite: missing };
  });
  // Their invitations.
  await flushSpace(context, space);
}

/** Remove members in one commit; afterwards they can read nothing new.
 *  @throws BullaError as `addMembers` */
export async function removeMembers(context: SyncContext, space: string, handles: readonly Handle[]): Promise<void> {
  const { members } = await constitutionOf(context, space);
  for (const handle of handles) if (!members.some((member) => member.handle === handle)) throw notAMember(handle);
  await change(context, space, ({ constitution }) => {
    const bodies = handles
      .filter((handle) => memberOf(constitution, handle) !== undefined)
      .map((handle): OperationBody => ({ kind: "removeMember", handle }));
    return bodies.length === 0 ? undefined : { bodies };
  });
}

/** @throws BullaError as `addMembers` */
export async function setRole(context: SyncContext, space: string, handle: Handle, role: Role): Promise<void> {
  await change(context, space, ({ constitution }) => {
    const member = memberOf(constitution, handle);
    if (member === undefined) throw notAMember(handle);
    return member.role === role ? undefined : { bodies: [{ kind: "setRole", handle, role }] };
  });
}

/** @throws BullaError as `addMembers` */
export async function setHistory(context: SyncContext, space: string, history: Policy["history"]): Promise<void> {
  await change(context, space, ({ constitution: { policy } }) =>
    policy.history === history ? undefined : { bodies: [{ kind: "setPolicy", policy: { ...policy, history } }] },
  );
}

/** End the chapter without any other change: fresh keys for all.
 *  @throws BullaError as `addMembers` */
export async function rotate(context: SyncContext, space: string): Promise<void> {
  let from: number | undefined;
  await change(context, space, ({ number }) => {
    from ??= number;
    return number > from ? undefined : { bodies: [] };
  });
}

/** Who belongs to a space, as this device knows it.
 *  @throws BullaError space/unknown */
export async function constitutionOf({ account }: SyncContext, space: string): Promise<Constitution> {
  return (await loadSpace(account.store, account.primitives, space)).chapter.constitution;
}

/** @throws BullaError space/unknown; space/not-allowed for anything but a group */
export async function mustBeGroup({ account }: SyncContext, space: string): Promise<void> {
  const info = await loadInfo(account.store, space);
  if (info === undefined) throw new BullaError("space/unknown", "there is no such space on this device");
  if (info.kind !== "group")
    throw new BullaError("space/not-allowed", "a conversation with one person stays as it is", {
      hint: "bulla contacts block HANDLE takes nothing more from them",
    });
}

async function change(context: SyncContext, space: string, aim: (chapter: Chapter) => Wish | undefined): Promise<void> {
  await mustBeGroup(context, space);
  await changeSpace(context, space, aim);
  const state = (await loadInfo(context.account.store, space))?.state;
  if (state !== "active")
    throw new BullaError("space/not-a-member", "this account can change nothing there any more", {
      hint: "bulla space show says how it stands",
    });
}

function notAMember(handle: Handle): BullaError {
  return new BullaError("contact/unknown-recipient", "that is no member of this space", { about: handle });
}
