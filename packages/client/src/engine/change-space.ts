import {
  type Chapter,
  constitutionHash,
  encodePending,
  mayCommit,
  mayOperate,
  memberOf,
  type OperationBody,
  prepareChange,
  type SignedOperation,
  signOperation,
} from "@bulla/core";
import { BullaError, type Handle } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import { flushSpace } from "./flush.ts";
import { type Invitee, keepInvitees } from "./invitees.ts";
import { countQueued, queueRecords } from "./outbox.ts";
import { places } from "./places.ts";
import { loadSpace } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

/** What is to change in a chapter. */
export interface Wish {
  /** Signed by this device; none at all is a rotation. */
  readonly bodies: readonly OperationBody[];
  /** Signed before, and perhaps by others. */
  readonly signed?: readonly SignedOperation[];
  readonly invite?: readonly Invitee[];
}

/** What somebody wants of a space, seen from the chapter it is in now: undefined when nothing is left to be done. Asked again in each chapter, because others may have been faster.
 *  @throws BullaError what stands against it there */
export type Aim = (chapter: Chapter) => Wish | undefined;

const maxRounds = 8;

/** End chapters until the aim is reached. The change is stored before a byte leaves; what a crash leaves behind is sent, or dropped for somebody else's, by the next command.
 *  A space that is not active stays as it is.
 *  @throws BullaError transport/* when it stays queued, space/busy, space/not-allowed, space/refused-constitution, whatever the aim throws */
export async function changeSpace(context: SyncContext, space: string, aim: Aim): Promise<void> {
  for (let round = 0; round < maxRounds; round++) {
    await syncSpace(context, space);
    if (!(await context.account.store.step((transaction) => queueChange(context, transaction, space, aim)))) return;
    if ((await flushSpace(context, space)) === "offline")
      throw new BullaError("transport/unreachable", "service cannot be reached", {
        hint: "the change is kept and goes out with a later command",
      });
  }
  throw new BullaError("space/busy", "others keep changing this conversation", { hint: "try again in a moment" });
}

/** Whether there is something to be sent and read back. */
async function queueChange(
  { account, chains }: SyncContext,
  transaction: StoreTransaction,
  space: string,
  aim: Aim,
): Promise<boolean> {
  const { primitives, me, secrets } = account;
  const { info, chapter, cursor } = await loadSpace(transaction, primitives, space);
  if (info.state !== "active") return false;
  // An earlier change of which nobody knows yet whether it won.
  if ((await transaction.get(places.pending(space))) !== undefined) return true;
  const wish = aim(chapter);
  if (wish === undefined) return false;
  const { bodies, signed = [], invite = [] } = wish;
  checkAllowed(chapter, account.handle, bodies);
  const basis = constitutionHash(primitives, chapter.constitution);
  const operations = [...signed];
  for (const body of bodies)
    operations.push(await signOperation(primitives, me, secrets, { version: 1, space: chapter.space, basis, body }));
  const add = invite.flatMap(({ devices }) => devices.map(({ keyPackage }) => keyPackage));
  const queued = await countQueued(transaction, space, chapter);
  const change = await prepareChange(primitives, me, secrets, chapter, cursor, chains, { operations, add, queued });
  await transaction.put(places.pending(space), encodePending(change.pending));
  await keepInvitees(transaction, space, invite);
  await queueRecords(transaction, account, space, chapter, change.parts, change.closing, true);
  return true;
}

/** Others would refuse it as well; this says so before anything is sent. */
function checkAllowed({ constitution }: Chapter, handle: Handle, bodies: readonly OperationBody[]): void {
  const role = memberOf(constitution, handle)?.role;
  const own = (body: OperationBody): boolean => body.kind === "setDevices" && body.handle === handle;
  if (
    role !== undefined &&
    mayCommit(role) &&
    bodies.every((body) => own(body) || mayOperate(constitution, role, body))
  )
    return;
  throw new BullaError("space/not-allowed", `whoever is ${role ?? "no member"} may not change that here`, {
    hint: "ask an owner or admin of this space",
  });
}
