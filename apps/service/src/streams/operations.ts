import { BullaError, base64urlOf, InternalError, limits } from "@bulla/wire";
import type { Operation, Result } from "@bulla/wire/api";
import type { Tickets } from "../admission/tickets.ts";
import { type Clock, today } from "../clock.ts";
import type { AttachedStreams } from "./attached-streams.ts";
import type { Followings } from "./followings.ts";
import type { StreamHub } from "./stream-hub.ts";

/** What one connection's operations work with. */
export interface StreamSession {
  readonly hub: StreamHub;
  readonly attached: AttachedStreams;
  readonly followings: Followings;
  readonly tickets: Tickets;
  readonly clock: Clock;
}

/** Carries out one operation. Changes are asked for before anything is awaited, so they happen in the order in which they came.
 *  @throws BullaError service/… */
export async function perform(session: StreamSession, operation: Operation): Promise<Result> {
  const { hub, attached, followings } = session;
  switch (operation.kind) {
    case "attach":
      attached.attach(operation);
      return { kind: "done" };
    case "open":
      return open(session, operation);
    case "append":
      return append(session, operation);
    case "read": {
      attached.checkRead(operation.sid);
      const { records, length, closed } = await hub.read(operation.sid, operation.from, operation.max);
      return { kind: "records", from: operation.from, records, closed, more: operation.from + records.length < length };
    }
    case "follow":
      attached.checkRead(operation.sid);
      followings.follow(operation.sid, operation.from);
      return { kind: "done" };
    case "unfollow":
      followings.unfollow(operation.sid);
      return { kind: "done" };
  }
}

async function open(
  { hub, attached, tickets }: StreamSession,
  { sid, admission }: Operation & { kind: "open" },
): Promise<Result> {
  attached.checkRead(sid);
  if (admission.kind === "closed") {
    attached.checkAppend(admission.sid);
    const outcome = await hub.change({ kind: "openFrom", sid, closedSid: admission.sid });
    if (outcome.kind === "notAllowed")
      throw new BullaError("service/forbidden", "the closed stream opens no further one");
    return { kind: "done" };
  }
  let giveBack: () => void;
  try {
    giveBack = tickets.spendOne(base64urlOf(admission.ticket), "streams");
  } catch (error) {
    // Repeated after a lost answer: a stream that is open costs nothing, also when the ticket is gone by now.
    if (await hub.isOpen(sid)) return { kind: "done" };
    throw error;
  }
  try {
    const outcome = await hub.change({ kind: "open", sid });
    if (outcome.kind === "alreadyOpen") giveBack();
  } catch (error) {
    giveBack();
    throw error;
  }
  return { kind: "done" };
}

async function append(
  { hub, attached, clock }: StreamSession,
  { sid, recordId, body, expiryDay, close }: Operation & { kind: "append" },
): Promise<Result> {
  attached.checkAppend(sid);
  checkExpiry(expiryDay, today(clock));
  const outcome = await hub.change({ kind: "append", sid, recordId, body, expiryDay, close });
  switch (outcome.kind) {
    case "notOpen":
      throw new BullaError("service/not-found", "stream is not open");
    case "appended":
    case "duplicate":
    case "conflict":
    case "closed":
      return outcome;
    default:
      throw new InternalError(`an append was answered ${outcome.kind}`);
  }
}

function checkExpiry(expiryDay: number | null, day: number): void {
  if (expiryDay === null) return;
  const days = expiryDay - day;
  if (days < limits.minLeaseDays || days > limits.maxLeaseDays) {
    throw new BullaError(
      "service/malformed",
      `expiry day is ${days} days away, expected ${limits.minLeaseDays} to ${limits.maxLeaseDays}`,
    );
  }
}
