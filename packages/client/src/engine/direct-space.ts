import {
  type Chapter,
  type Cursor,
  constitutionHash,
  type FollowContext,
  followEnd,
  foundSpace,
  keyPackageReference,
  makeOpening,
  newestPin,
  type OuterRecord,
  piecesInMemory,
  prepareChange,
  readRecord,
  type SignedRecord,
  sealEnvelope,
  signOperation,
  startCursor,
  verifyClaimedPackage,
} from "@bulla/core";
import {
  BullaError,
  type ErrorCode,
  type Handle,
  hexOf,
  InternalError,
  isBullaError,
  isErrorCode,
  splitHandle,
} from "@bulla/wire";
import { activeDevice, type VerifiedChain } from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import { today } from "./account.ts";
import { encodeStatements } from "./chain-shelf.ts";
import { loadContact, newContact, saveContact, withSpace } from "./contacts.ts";
import { queueEntry, queueRecords } from "./outbox.ts";
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

interface Invitee {
  readonly chain: VerifiedChain;
  readonly devices: readonly {
    readonly deviceId: Uint8Array;
    readonly keyPackage: Awaited<ReturnType<typeof verifyClaimedPackage>>;
    readonly reference: Uint8Array;
  }[];
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

/** A KeyPackage of each active device that has one. */
async function claimDevices({ account, chains, services }: SyncContext, handle: Handle): Promise<Invitee> {
  const chain = await chains.lookup(handle);
  const { name, host } = splitHandle(handle);
  const { client } = await services.link(host);
  const { packages } = await client.claimKeyPackages(name);
  const devices: Invitee["devices"][number][] = [];
  for (const { deviceId, keyPackage } of packages) {
    const certified = activeDevice(chain, deviceId);
    if (certified === undefined) continue;
    const verified = await verifyClaimedPackage(
      account.primitives,
      keyPackage,
      { handle, deviceId },
      certified,
      today(account),
    ).catch((error: unknown) => {
      if (isBullaError(error) && error.code !== "internal/bug") return undefined;
      throw error;
    });
    if (verified !== undefined)
      devices.push({
        deviceId,
        keyPackage: verified,
        reference: await keyPackageReference(account.primitives, verified),
      });
  }
  if (devices.length === 0) {
    throw new BullaError("contact/no-device", "no device of that person has published keys that can be used", {
      hint: "check the date of this machine; ask them to run bulla once, then run this again",
    });
  }
  return { chain, devices };
}

async function queueFounding(
  context: SyncContext,
  transaction: StoreTransaction,
  { chain, devices }: Invitee,
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
  const body = {
    kind: "addMember",
    handle: chain.handle,
    role: "owner",
    pin: newestPin(chains, chain.handle),
    devices: devices.map((device) => device.deviceId),
  } as const;
  const operation = { version: 1, space: zero.space, basis: constitutionHash(primitives, zero.constitution), body };
  const operations = [await signOperation(primitives, me, secrets, operation)];
  const change = await prepareChange(primitives, me, secrets, zero, start.cursor, chains, {
    operations,
    add: devices.map((device) => device.keyPackage),
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
    peer: chain.handle,
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
  await queueInvitations(context, transaction, space, chapter, chain, devices, change.pending.welcome);
  return zero.space;
}

async function queueInvitations(
  { account, chains }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  chapter: Chapter,
  chain: VerifiedChain,
  devices: Invitee["devices"],
  welcome: Uint8Array,
): Promise<void> {
  const { primitives, me, secrets, host } = account;
  const own = chains.chainOf(account.handle);
  if (own === undefined) throw new InternalError("the own chain is not loaded");
  const { number, key, previousEnd } = chapter;
  for (const { deviceId, reference } of devices) {
    const certified = activeDevice(chain, deviceId);
    if (certified === undefined) throw new InternalError("a claimed device is gone");
    const body = {
      kind: "invitation",
      home: host,
      keyPackage: reference,
      space: chapter.space,
      chapter: { number, key, previousEnd },
      grant: [],
      welcome,
    } as const;
    const recipient = { handle: chain.handle, deviceId };
    const envelope = await sealEnvelope(
      primitives,
      me,
      secrets,
      encodeStatements(own),
      recipient,
      certified.keys.inboxKey,
      today(account),
      body,
    );
    await queueEntry(transaction, space, { kind: "envelope", recipient: chain.handle, deviceId, envelope });
  }
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
