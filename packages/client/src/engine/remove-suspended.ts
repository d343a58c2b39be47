import { type Chapter, memberOf, newestPin, type OperationBody, sameDevice, suspendedDevices } from "@bulla/core";
import { BullaError } from "@bulla/wire";
import type { ChainShelf } from "./chain-shelf.ts";
import { changeSpace } from "./change-space.ts";
import { loadSpace, saveInfo } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

/** Nothing is said while a device that its account revoked could read it: end the chapter first, in a commit that removes it. Expects the members' chains to be looked up.
 *  A member none of whose devices is left cannot stay: a group goes on without it, a direct space is given up and a new one has to be founded.
 *  @throws BullaError transport/*, space/busy, identity/suspended-device when only an owner or admin can put that right */
export async function removeSuspended(context: SyncContext, space: string): Promise<void> {
  await syncSpace(context, space);
  if (await givenUp(context, space)) return;
  await changeSpace(context, space, (chapter) => {
    const bodies = withoutSuspended(context.chains, chapter);
    if (bodies.length === 0) return undefined;
    const mine = memberOf(chapter.constitution, context.account.handle)?.role;
    if (bodies.some(({ kind }) => kind === "removeMember") && mine !== "owner" && mine !== "admin")
      throw new BullaError("identity/suspended-device", "a member's last device was revoked, and it can still read", {
        hint: "an owner or admin has to remove that member first",
      });
    return { bodies };
  });
}

async function givenUp({ account, chains }: SyncContext, space: string): Promise<boolean> {
  return account.store.step(async (transaction) => {
    const { info, chapter } = await loadSpace(transaction, account.primitives, space);
    if (info.state !== "active" || info.kind !== "direct") return false;
    if (!withoutSuspended(chains, chapter).some(({ kind }) => kind === "removeMember")) return false;
    await saveInfo(transaction, space, { ...info, state: "removed", why: "identity/suspended-device" });
    return true;
  });
}

function withoutSuspended(chains: ChainShelf, { constitution }: Chapter): readonly OperationBody[] {
  const suspended = suspendedDevices(chains, constitution);
  return constitution.members.flatMap(({ handle, devices }): readonly OperationBody[] => {
    const left = devices.filter((deviceId) => !suspended.some((gone) => sameDevice(gone, { handle, deviceId })));
    if (left.length === devices.length) return [];
    if (left.length === 0) return [{ kind: "removeMember", handle }];
    return [{ kind: "setDevices", handle, pin: newestPin(chains, handle), devices: left }];
  });
}
