import {
  constitutionHash,
  encodePending,
  newestPin,
  prepareChange,
  type SignedOperation,
  sameDevice,
  signOperation,
  suspendedDevices,
} from "@bulla/core";
import { BullaError } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import { flushSpace } from "./flush.ts";
import { countQueued, queueRecords } from "./outbox.ts";
import { places } from "./places.ts";
import { loadInfo, loadSpace, saveInfo } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

const maxRounds = 8;

/** Nothing is said while a device that its account revoked could read it: end the chapter first, in a commit that removes it. Expects the members' chains to be looked up.
 *  A member none of whose devices is left cannot stay; the space is then given up and a new one has to be founded.
 *  @throws BullaError transport/*, space/busy */
export async function removeSuspended(context: SyncContext, space: string): Promise<void> {
  for (let round = 0; round < maxRounds; round++) {
    await syncSpace(context, space);
    if (!(await context.account.store.step((transaction) => queueRemoval(context, transaction, space)))) return;
    if ((await flushSpace(context, space)) === "offline")
      throw new BullaError("transport/unreachable", "service cannot be reached");
  }
  throw new BullaError("space/busy", "others keep changing this conversation", { hint: "try again in a moment" });
}

/** Whether there is something to be sent and read back before anything else is said. */
async function queueRemoval(
  { account, chains }: SyncContext,
  transaction: StoreTransaction,
  space: string,
): Promise<boolean> {
  const { primitives, me, secrets } = account;
  const { info, chapter, cursor } = await loadSpace(transaction, primitives, space);
  if (info.state !== "active") return false;
  const suspended = suspendedDevices(chains, chapter.constitution);
  if (suspended.length === 0) return false;
  if ((await transaction.get(places.pending(space))) !== undefined) return true;
  const basis = constitutionHash(primitives, chapter.constitution);
  const operations: SignedOperation[] = [];
  for (const { handle, devices } of chapter.constitution.members) {
    const left = devices.filter((deviceId) => !suspended.some((gone) => sameDevice(gone, { handle, deviceId })));
    if (left.length === devices.length) continue;
    if (left.length === 0) {
      const known = await loadInfo(transaction, space);
      if (known !== undefined)
        await saveInfo(transaction, space, { ...known, state: "removed", why: "identity/suspended-device" });
      return false;
    }
    const body = { kind: "setDevices", handle, pin: newestPin(chains, handle), devices: left } as const;
    operations.push(await signOperation(primitives, me, secrets, { version: 1, space: chapter.space, basis, body }));
  }
  const queued = await countQueued(transaction, space, chapter);
  const change = await prepareChange(primitives, me, secrets, chapter, cursor, chains, { operations, add: [], queued });
  await transaction.put(places.pending(space), encodePending(change.pending));
  await queueRecords(transaction, account, space, chapter, change.parts, change.closing, true);
  return true;
}
