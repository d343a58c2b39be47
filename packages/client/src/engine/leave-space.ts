import { encodeEvent, eventOf, isUnknown } from "@bulla/content";
import {
  type Chapter,
  decodeOperation,
  decodeOperations,
  encodeOperations,
  mayCommit,
  memberOf,
  type SignedOperation,
  signOperation,
} from "@bulla/core";
import { BullaError, type Handle, isBullaError } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import { changeSpace, type Wish } from "./change-space.ts";
import { mustBeGroup } from "./group-space.ts";
import { queueContent } from "./outbox.ts";
import { places } from "./places.ts";
import type { HeardEvent } from "./space-mail.ts";
import { loadSpace, saveInfo } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";

/** Say that this account wants to go: nobody can remove a leaf of its own, so whoever commits next does it. Alone in a space, it is left at once.
 *  @throws BullaError space/not-allowed for the last owner, and for readers, who cannot say anything; space/unknown */
export async function queueLeaving(context: SyncContext, space: string): Promise<"said" | "gone"> {
  await mustBeGroup(context, space);
  const { account } = context;
  const { primitives, me, secrets, store, handle } = account;
  return store.step(async (transaction) => {
    const { info, chapter } = await loadSpace(transaction, primitives, space);
    const { members } = chapter.constitution;
    const mine = memberOf(chapter.constitution, handle);
    if (info.state !== "active" || mine === undefined || members.length === 1) {
      await saveInfo(transaction, space, { ...info, state: "removed", why: null });
      return "gone";
    }
    if (mine.role === "owner" && !members.some((other) => other !== mine && other.role === "owner"))
      throw new BullaError("space/not-allowed", "the last owner cannot leave a space that others are in", {
        hint: "make somebody else an owner first: bulla space role SPACE HANDLE owner",
      });
    if (mine.role === "reader")
      throw new BullaError("space/not-allowed", "a reader says nothing in a space, not even goodbye", {
        hint: "ask an owner or admin to remove this account",
      });
    const body = { kind: "leave", handle, since: mine.since } as const;
    const operation = { version: 1, space: chapter.space, basis: new Uint8Array(32), body };
    const signed = await signOperation(primitives, me, secrets, operation);
    const what = { kind: "leaving", operation: encodeOperations([signed]) } as const;
    const event = eventOf({ kind: "system", what }, primitives.random(16));
    await queueContent(transaction, account, space, encodeEvent(event), "");
    return "said";
  });
}

/** Keep what a member said when it wanted to go. */
export async function hearLeaving(
  { account }: SyncContext,
  transaction: StoreTransaction,
  { space, author, event }: HeardEvent,
): Promise<void> {
  if (isUnknown(event) || event.body.kind !== "system" || event.body.what.kind !== "leaving") return;
  const signed = leaveOf(event.body.what.operation);
  if (signed === undefined) return;
  const { body } = decodeOperation(signed);
  if (body.kind !== "leave" || body.handle !== author.handle) return;
  await transaction.put(places.leave(account.primitives, space, author.handle), event.body.what.operation);
}

/** Let go whoever said that they want to. Everybody who may does it at the next occasion; whoever is first has done it for all. */
export async function letGo(context: SyncContext, space: string): Promise<void> {
  const { account } = context;
  for (const { key, value } of await account.store.list(places.leaves(space))) {
    const signed = leaveOf(value);
    try {
      if (signed !== undefined)
        await changeSpace(context, space, (chapter) => goodbye(account.handle, chapter, signed));
    } catch (error) {
      // What a member made up as a leave lets nobody go, and must not come up again and again.
      if (!isBullaError(error, "space/refused-constitution")) throw error;
    }
    await account.store.step((transaction) => transaction.delete(key));
  }
}

function goodbye(own: Handle, { constitution }: Chapter, signed: SignedOperation): Wish | undefined {
  const role = memberOf(constitution, own)?.role;
  const { body } = decodeOperation(signed);
  if (role === undefined || !mayCommit(role) || body.kind !== "leave" || body.handle === own) return undefined;
  return memberOf(constitution, body.handle)?.since === body.since ? { bodies: [], signed: [signed] } : undefined;
}

function leaveOf(operations: Uint8Array): SignedOperation | undefined {
  try {
    const [only, ...rest] = decodeOperations(operations);
    if (only === undefined || rest.length > 0) return undefined;
    decodeOperation(only);
    return only;
  } catch (error) {
    if (isBullaError(error)) return undefined;
    throw error;
  }
}
