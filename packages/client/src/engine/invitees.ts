import {
  type Chapter,
  keyPackageReference,
  newestPin,
  type OperationBody,
  type Role,
  verifyClaimedPackage,
  welcomeFor,
} from "@bulla/core";
import { BullaError, type Handle, isBullaError, splitHandle } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import { activeDevice } from "@bulla/wire/identity";
import type { StoreTransaction } from "../ports.ts";
import { today } from "./account.ts";
import type { ChainShelf } from "./chain-shelf.ts";
import { places } from "./places.ts";
import { queueEnvelopes } from "./queue-envelopes.ts";
import { type StoredInvitee, storedInviteesCodec } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

/** An account that is to come into a space, with a checked KeyPackage of each of its devices that has one. */
export interface Invitee {
  readonly handle: Handle;
  readonly devices: readonly {
    readonly deviceId: Uint8Array;
    readonly keyPackage: Awaited<ReturnType<typeof verifyClaimedPackage>>;
    readonly reference: Uint8Array;
  }[];
}

/** A KeyPackage of each active device that has one.
 *  @throws BullaError contact/unknown-recipient, contact/no-device, identity/*, transport/* */
export async function claimDevices({ account, chains, services }: SyncContext, handle: Handle): Promise<Invitee> {
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
      about: handle,
      hint: "check the date of this machine; ask them to run bulla once, then run this again",
    });
  }
  return { handle, devices };
}

/** The operation that makes somebody a member with these devices. */
export function addMemberOf(chains: ChainShelf, { handle, devices }: Invitee, role: Role): OperationBody {
  const pin = newestPin(chains, handle);
  return { kind: "addMember", handle, role, pin, devices: devices.map(({ deviceId }) => deviceId) };
}

/** Whom a pending change lets in, until it has won. */
export async function keepInvitees(
  transaction: StoreTransaction,
  space: string,
  invitees: readonly Invitee[],
): Promise<void> {
  const stored = invitees.flatMap(({ handle, devices }) =>
    devices.map(({ deviceId, reference }) => ({ handle, deviceId, reference })),
  );
  if (stored.length > 0) await transaction.put(places.invitees(space), encode(storedInviteesCodec, stored));
}

export async function takeInvitees(transaction: StoreTransaction, space: string): Promise<readonly StoredInvitee[]> {
  const stored = await transaction.get(places.invitees(space));
  if (stored === undefined) return [];
  await transaction.delete(places.invitees(space));
  return decode(storedInviteesCodec, stored, { maxBytes: 1024 * 1024 });
}

/** Seal an invitation for each device that a change let in. Their chains must be in the book. */
export async function queueInvitations(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  { space: id, number, key, previousEnd, constitution }: Chapter,
  invitees: readonly StoredInvitee[],
  welcome: Uint8Array,
): Promise<void> {
  await queueEnvelopes(context, transaction, space, invitees, ({ reference }) => [
    {
      kind: "invitation",
      home: constitution.home,
      keyPackage: reference,
      space: id,
      chapter: { number, key, previousEnd },
      welcome: welcomeFor(welcome, reference),
    },
  ]);
}
