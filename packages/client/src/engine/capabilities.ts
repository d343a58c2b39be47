import { isUnknown } from "@bulla/content";
import { capabilityHash, type Handle, hexOf, isBullaError } from "@bulla/wire";
import type { InboxRight } from "@bulla/wire/api";
import type { StoreTransaction } from "../ports.ts";
import type { Account } from "./account.ts";
import { handlePlace, places } from "./places.ts";
import type { HeardEvent } from "./space-mail.ts";
import { loadInfo } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";

/** A right to this device's inbox for the other side of a direct space, made when something is said there and there is none yet. It goes out with what is said.
 *  @returns the event that carries it, to be said in the same step */
export async function offerCapability(
  { primitives, me }: Account,
  transaction: StoreTransaction,
  space: string,
): Promise<{ readonly kind: "capability"; readonly secret: Uint8Array; readonly deviceId: Uint8Array } | undefined> {
  const peer = (await loadInfo(transaction, space))?.peer ?? undefined;
  if (peer === undefined) return undefined;
  const place = places.ownCapability(handlePlace(primitives, peer));
  if ((await transaction.get(place)) !== undefined) return undefined;
  const secret = primitives.random(32);
  await transaction.put(place, secret);
  const hash = capabilityHash(primitives, secret);
  await transaction.put(places.freshCapability(hash), hash);
  return { kind: "capability", secret, deviceId: me.deviceId };
}

/** Whoever is blocked has no right any more: its hash goes from the service with the next command. */
export async function withdrawCapability(
  { primitives }: Account,
  transaction: StoreTransaction,
  handle: Handle,
): Promise<void> {
  const place = places.ownCapability(handlePlace(primitives, handle));
  const secret = await transaction.get(place);
  if (secret === undefined) return;
  await transaction.delete(place);
  const hash = capabilityHash(primitives, secret);
  await transaction.delete(places.freshCapability(hash));
  await transaction.put(places.goneCapability(hash), hash);
}

/** Tell the service which capabilities hold. It learns hashes, and nothing about whom they are for. */
export async function registerCapabilities({ account: { store }, services }: SyncContext): Promise<void> {
  const fresh = (await store.list(places.freshCapabilities)).slice(0, most);
  const gone = (await store.list(places.goneCapabilities)).slice(0, most);
  if (fresh.length + gone.length === 0) return;
  const { client } = await services.link();
  await client.changeCapabilities({ add: fresh.map(({ value }) => value), remove: gone.map(({ value }) => value) });
  await store.step(async (transaction) => {
    for (const { key } of [...fresh, ...gone]) await transaction.delete(key);
  });
}

/** As many as one request takes. */
const most = 256;

/** Keep the right that the other side of a direct space gave. */
export async function hearCapability(
  { account }: SyncContext,
  transaction: StoreTransaction,
  { space, author, own, event }: HeardEvent,
): Promise<void> {
  if (own || isUnknown(event) || event.body.kind !== "system" || event.body.what.kind !== "capability") return;
  const { secret, deviceId } = event.body.what;
  const isPeer = (await loadInfo(transaction, space))?.peer === author.handle;
  // Nobody hands out rights to somebody else's device.
  if (!isPeer || hexOf(deviceId) !== hexOf(author.deviceId)) return;
  await transaction.put(places.heldCapability(handlePlace(account.primitives, author.handle), deviceId), secret);
}

/** Use the right that the recipient gave, if it did and it still holds. @returns whether that was it */
export async function postByCapability(
  { store, primitives }: Account,
  handle: Handle,
  deviceId: Uint8Array,
  post: (right: InboxRight) => Promise<void>,
): Promise<boolean> {
  const place = places.heldCapability(handlePlace(primitives, handle), deviceId);
  const secret = await store.get(place);
  if (secret === undefined) return false;
  try {
    await post({ kind: "capability", secret });
    return true;
  } catch (error) {
    if (!isBullaError(error, "service/forbidden")) throw error;
    await store.step((transaction) => transaction.delete(place));
    return false;
  }
}
