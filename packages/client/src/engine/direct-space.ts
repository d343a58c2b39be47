import {
  type Chapter,
  type Cursor,
  constitutionHash,
  type FollowContext,
  followEnd,
  foundSpace,
  makeOpening,
  type OuterRecord,
  piecesInMemory,
  prepareChange,
  readRecord,
  type SignedRecord,
  signOperation,
  startCursor,
} from "@bulla/core";
import { BullaError, type ErrorCode, type Handle, hexOf, InternalError, isErrorCode } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import { today } from "./account.ts";
import { loadContact, newContact, saveContact, withSpace } from "./contacts.ts";
import { addMemberOf, claimDevices, type Invitee, queueInvitations } from "./invitees.ts";
import { queueRecords } from "./outbox.ts";
import { queueOpening } from "./queue-opening.ts";
import { enterStream, loadInfo, saveInfo } from "./space-shelf.ts";
import type { Contact } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

/** The direct space with a person, if there is one that works; when there is none but a stopped one, that is an error: the one with the lowest id when both founded one at once.
 *  @throws BullaError space/fork, space/rolled-back, identity/pin-mismatch */
export async function findDirectSpace({ account }: SyncContext, handle: Handle): Promise<string | undefined> {
  const contact = await loadContact(account.store, account.primitives, handle);
  const spaces = [...(contact?.spaces ?? [])].map(hexOf).sort();
  let stopped: ErrorCode | undefined;
  for (const space of spaces) {
    const info = await loadInfo(account.store, space);
    if (info?.state === "active") return space;
    if (info?.state === "frozen") stopped = isErrorCode(info.why) ? info.why : "space/fork";
  }
  // A new space beside a stopped one would hide what happened: a person decides.
  if (stopped !== undefined)
    throw new BullaError(stopped, "the conversation with that person is stopped", {
      hint: "ask the person what they see; bulla contacts accept HANDLE begins anew",
    });
  return undefined;
}

/** A person has looked: stopped conversations are left behind, and the next thing said founds a new one. */
export async function leaveStopped(transaction: StoreTransaction, contact: Contact): Promise<void> {
  for (const space of contact.spaces.map(hexOf)) {
    const info = await loadInfo(transaction, space);
    if (info?.state === "frozen") await saveInfo(transaction, space, { ...info, state: "removed" });
  }
}

/** Found a direct space with a person: two chapters, the second with both, all sealed and queued in one step. Only looking up and claiming need the network.
 *  @throws BullaError contact/unknown-recipient, contact/no-device, identity/*, transport/* */
export async function foundDirectSpace(context: SyncContext, handle: Handle): Promise<string> {
  const { account, chains } = context;
  await chains.stored(account.handle);
  const invitee = await claimDevices(context, handle);
  return account.store.step(async (transaction) => {
    const contact = (await loadContact(transaction, account.primitives, handle)) ?? newContact(handle, "accepted");
    for (const known of contact.spaces.map(hexOf))
      if ((await loadInfo(transaction, known))?.state === "active") return known;
    const space = await queueFounding(context, transaction, invitee);
    await saveContact(transaction, account.primitives, withSpace({ ...contact, state: "accepted" }, space));
    return hexOf(space);
  });
}

async function queueFounding(
  context: SyncContext,
  transaction: StoreTransaction,
  invitee: Invitee,
): Promise<Uint8Array> {
  const { account, chains } = context;
  const { primitives, me, secrets, host } = account;
  const { chapter: zero, opening } = await foundSpace(
    primitives,
    me,
    secrets,
    chains,
    { kind: "direct", home: host },
    today(account),
  );
  const space = hexOf(zero.space);
  const start = await readOwn(context, zero, opening);
  const body = addMemberOf(chains, invitee, "owner");
  const operation = { version: 1, space: zero.space, basis: constitutionHash(primitives, zero.constitution), body };
  const operations = [await signOperation(primitives, me, secrets, operation)];
  const change = await prepareChange(primitives, me, secrets, zero, start.cursor, chains, {
    operations,
    add: invitee.devices.map((device) => device.keyPackage),
  });
  const end = await readOwn(context, zero, [...change.parts, change.closing], start);
  const followed = await followEnd(
    primitives,
    zero,
    end.cursor,
    { recordId: change.closing.recordId, record: end.closing },
    { me, book: chains, pending: change.pending, ...lookupsOf(end) },
  );
  if (followed.kind !== "next" || change.pending.welcome === undefined)
    throw new InternalError("an own change did not hold");
  const { chapter } = followed;

  await saveInfo(transaction, space, {
    version: 1,
    kind: "direct",
    home: host,
    peer: invitee.handle,
    state: "active",
    why: null,
  });
  await enterStream(transaction, primitives, zero, undefined);
  await enterStream(transaction, primitives, chapter, undefined);
  await queueOpening(transaction, account, space, zero, opening);
  await queueRecords(transaction, account, space, zero, change.parts, change.closing, true);
  await queueOpening(
    transaction,
    account,
    space,
    chapter,
    await makeOpening(primitives, me, secrets, chapter, startCursor(primitives, chapter), chains),
  );
  const { handle } = invitee;
  const invitees = invitee.devices.map(({ deviceId, reference }) => ({ handle, deviceId, reference }));
  await queueInvitations(context, transaction, space, chapter, invitees, change.pending.welcome);
  return zero.space;
}

interface OwnReading {
  readonly cursor: Cursor;
  readonly heads: readonly Uint8Array[];
  readonly pieces: ReadonlyMap<string, Uint8Array>;
  readonly closing: SignedRecord | undefined;
}

function lookupsOf({ heads, pieces }: Pick<OwnReading, "heads" | "pieces">): Pick<FollowContext, "pieceOf" | "headAt"> {
  return { pieceOf: piecesInMemory(pieces), headAt: async (position) => heads[position] };
}

/** Read records that only this device can have written, before they are sent: nobody else has the key of a chapter with one member. */
async function readOwn(
  { account, chains }: SyncContext,
  chapter: Chapter,
  records: readonly OuterRecord[],
  before?: OwnReading,
): Promise<OwnReading> {
  let cursor = before?.cursor ?? startCursor(account.primitives, chapter);
  const heads = [...(before?.heads ?? [cursor.head])];
  const pieces = new Map(before?.pieces);
  let closing: SignedRecord | undefined;
  for (const { recordId, body } of records) {
    const context = {
      book: chains,
      me: account.me,
      ...lookupsOf({ heads, pieces }),
      signatureAt: async () => undefined,
    };
    const step = await readRecord(account.primitives, chapter, cursor, { kind: "record", recordId, body }, context);
    cursor = step.cursor;
    heads.push(cursor.head);
    if (step.outcome.kind === "part") pieces.set(hexOf(recordId), step.outcome.piece);
    closing = step.outcome.kind === "closing" ? step.outcome.record : undefined;
  }
  return { cursor, heads, pieces, closing };
}
