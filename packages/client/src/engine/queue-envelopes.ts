import { type EnvelopeBody, sealEnvelope } from "@bulla/core";
import { InternalError } from "@bulla/wire";
import { activeDevice } from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import { today } from "./account.ts";
import { encodeStatements } from "./chain-shelf.ts";
import { queueEntry } from "./outbox.ts";
import type { StoredInvitee } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

/** Seal something for each of these devices, and queue it in a space's outbox. Their chains must be in the book; a device that was revoked meanwhile gets nothing.
 *  @param bodiesFor what one device gets, an envelope for each */
export async function queueEnvelopes(
  { account, chains }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  invitees: readonly StoredInvitee[],
  bodiesFor: (invitee: StoredInvitee) => readonly EnvelopeBody[],
): Promise<void> {
  const { primitives, me, secrets } = account;
  const own = await chains.stored(account.handle);
  if (own === undefined) throw new InternalError("the own chain is not there");
  const statements = encodeStatements(own);
  const day = today(account);
  for (const invitee of invitees) {
    const { handle, deviceId } = invitee;
    const chain = chains.chainOf(handle);
    const certified = chain === undefined ? undefined : activeDevice(chain, deviceId);
    // Revoked between the change and now: the next change removes it again.
    if (certified === undefined) continue;
    const { inboxKey } = certified.keys;
    for (const body of bodiesFor(invitee)) {
      const recipient = { handle, deviceId };
      const envelope = await sealEnvelope(primitives, me, secrets, statements, recipient, inboxKey, day, body);
      await queueEntry(transaction, space, { kind: "envelope", recipient: handle, deviceId, envelope });
    }
  }
}
