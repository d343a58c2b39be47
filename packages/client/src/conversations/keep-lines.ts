import { isUnknown } from "@bulla/content";
import type { Constitution, Role } from "@bulla/core";
import { type Handle, textOf, utf8 } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import type { HeardChange, HeardEvent, MailHandler, SpaceMail } from "../engine/space-mail.ts";
import type { Clock, StoreTransaction } from "../ports.ts";
import { linePlaces, type StoredLine, storedLineCodec } from "./stored-line.ts";

export interface KeepPorts {
  readonly mail: Pick<SpaceMail, "say">;
  readonly clock: Clock;
}

/** Keeps what is said for people, and what changes among them, as lines; in the step in which it is read. */
export function keepLines(ports: KeepPorts): MailHandler {
  return {
    onEvent: (transaction, heard) => keepEvent(ports, transaction, heard, true),
    onPast: (transaction, heard) => keepEvent(ports, transaction, heard, false),
    onAcknowledged: async () => undefined,
    onChange: (transaction, change) => keepChange(ports, transaction, change),
  };
}

async function keepEvent(
  { clock }: KeepPorts,
  transaction: StoreTransaction,
  heard: HeardEvent,
  isNews: boolean,
): Promise<void> {
  const { space, author, own, place, event, content, role } = heard;
  if (!isUnknown(event)) {
    const { body } = event;
    if (body.kind === "receipt") return;
    if (body.kind === "system") {
      if (body.what.kind === "founded" || body.what.kind === "capability") return;
      if (body.what.kind === "named") {
        if (!mayName(role)) return;
        if (isNews) await transaction.put(linePlaces.name(space), utf8(body.what.name));
      }
    }
  }
  const what = { kind: "said", recordId: place.recordId, event: content } as const;
  await keep(clock, transaction, linePlaces.line(space, place.number, place.retry, place.position + 1), {
    author: author.handle,
    deviceId: author.deviceId,
    own,
    what,
  });
}

async function keepChange(
  { clock, mail }: KeepPorts,
  transaction: StoreTransaction,
  { space, number, by, own, before, after, invited, granted }: HeardChange,
): Promise<void> {
  const name = await transaction.get(linePlaces.name(space));
  // Newcomers cannot read how it was called before.
  if (invited && name !== undefined)
    await mail.say(transaction, space, { kind: "system", what: { kind: "named", name: textOf(name) } }, "");
  if (granted)
    for (const { handle } of after.members)
      if (!before.members.some((member) => member.handle === handle))
        await mail.say(transaction, space, { kind: "system", what: { kind: "granted", handle } }, "");
  const what = { kind: "changed", ...difference(before, after) } as const;
  if (what.added.length + what.removed.length + what.roles.length === 0) return;
  await keep(clock, transaction, linePlaces.line(space, number, 0, 0), {
    author: by.handle,
    deviceId: by.deviceId,
    own,
    what,
  });
}

async function keep(
  clock: Clock,
  transaction: StoreTransaction,
  place: string,
  line: Omit<StoredLine, "version" | "read">,
): Promise<void> {
  await transaction.put(place, encode(storedLineCodec, { version: 1, ...line, read: Math.max(0, clock.now()) }));
}

function difference(
  before: Constitution,
  after: Constitution,
): Omit<Extract<StoredLine["what"], { kind: "changed" }>, "kind"> {
  const was = new Map(before.members.map(({ handle, role }) => [handle, role]));
  const is = new Map(after.members.map(({ handle, role }) => [handle, role]));
  const missing = (from: ReadonlyMap<Handle, unknown>, handles: Iterable<Handle>): readonly Handle[] =>
    [...handles].filter((handle) => !from.has(handle));
  return {
    added: missing(was, is.keys()),
    removed: missing(is, was.keys()),
    roles: after.members.filter(({ handle, role }) => was.has(handle) && was.get(handle) !== role),
  };
}

/** Whose word on a space's name counts. */
export function mayName(role: Role): boolean {
  return role === "owner" || role === "admin";
}
