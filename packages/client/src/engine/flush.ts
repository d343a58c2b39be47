import type { StreamSecrets } from "@bulla/core";
import { BullaError, InternalError, isBullaError, limits, splitHandle } from "@bulla/wire";
import type { InboxRight } from "@bulla/wire/api";
import type { StreamConnection } from "../service/stream-connection.ts";
import { today } from "./account.ts";
import { postByCapability } from "./capabilities.ts";
import { listOutbox, type QueuedEntry, replaceEntry } from "./outbox.ts";
import { isOffline, type Services, streamPatience } from "./services.ts";
import { loadInfo, loadSpace, streamOf } from "./space-shelf.ts";
import type { OutboxEntry } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

type RecordEntry = Extract<OutboxEntry, { kind: "record" }>;
type OpenEntry = Extract<OutboxEntry, { kind: "open" }>;

const maxRounds = 20;

/** Send what one space has queued, in order, and read it back: another place that uses this home may have taken a counter first, and what nobody takes is said again.
 *  `offline`: the rest stays for later.
 *  @throws BullaError service/quota, service/forbidden and what else the service refuses for good */
export async function flushSpace(context: SyncContext, space: string): Promise<"done" | "offline"> {
  try {
    for (let round = 0; round < maxRounds; round++) {
      const waiting = (await listOutbox(context.account.store, space)).filter(
        ({ entry }) => entry.kind !== "held" && (entry.kind !== "record" || !entry.acknowledged),
      );
      if (waiting.length === 0) return "done";
      await sendRun(context, space, waiting);
      await syncSpace(context, space);
    }
  } catch (error) {
    if (isOffline(error)) return "offline";
    throw error;
  }
  throw new BullaError("space/busy", "others keep changing this conversation, so nothing could be added", {
    hint: "try again in a moment",
  });
}

/** Send from the front as far as possible: to the end, or until the stream turns out to be closed. */
async function sendRun(context: SyncContext, space: string, waiting: readonly QueuedEntry[]): Promise<void> {
  let rest = waiting;
  while (rest.length > 0) {
    const [first] = rest;
    if (first === undefined) break;
    if (first.entry.kind === "record") {
      const { entry } = first;
      const run = rest.findIndex(
        ({ entry: other }) => other.kind !== "record" || other.number !== entry.number || other.retry !== entry.retry,
      );
      const records = run < 0 ? rest : rest.slice(0, run);
      if ((await appendRun(context, space, records)) === "closed") return;
      rest = rest.slice(records.length);
    } else {
      if (first.entry.kind === "open") await openStream(context, space, first.entry);
      else if (first.entry.kind === "envelope") await postEnvelope(context, first.entry);
      await context.account.store.step((transaction) => transaction.delete(first.key));
      rest = rest.slice(1);
    }
  }
}

/** Append records of one stream. They go out together and are answered each by itself. */
async function appendRun(
  context: SyncContext,
  space: string,
  records: readonly QueuedEntry[],
): Promise<"sent" | "closed"> {
  const { account, handlers } = context;
  const { streams, stream } = await attached(context, space, recordOf(records[0]));
  const results = await Promise.all(
    records.map(async (queued) => {
      const { recordId, body, expiryDay, close } = recordOf(queued);
      // Counted from the day of sending: it may have waited for long, or been queued under a wrong clock.
      const keptUntil = expiryDay === null ? null : today(account) + limits.partDays;
      return streams.append({ sid: stream.sid, recordId, body, expiryDay: keptUntil, close }, streamPatience);
    }),
  );
  await account.store.step(async (transaction) => {
    const { chapter } = await loadSpace(transaction, account.primitives, space);
    for (const [i, result] of results.entries()) {
      const queued = records[i];
      if (queued === undefined || (result.kind !== "appended" && result.kind !== "duplicate")) continue;
      const entry = recordOf(queued);
      // Another process may have read it back meanwhile, and settled it.
      if ((await transaction.get(queued.key)) === undefined) continue;
      // Until it is read back, a signed record of the stream we are in holds its counter.
      const holdsCounter = entry.signed && entry.number === chapter.number && entry.retry === chapter.retry;
      if (holdsCounter) await replaceEntry(transaction, queued.key, { ...entry, acknowledged: true });
      else await transaction.delete(queued.key);
      if (entry.tag !== "") for (const handler of handlers) await handler.onAcknowledged(transaction, entry.tag);
    }
  });
  if (results.some((result) => result.kind === "conflict"))
    throw new InternalError("the service holds another record under an id of ours");
  return results.some((result) => result.kind === "closed") ? "closed" : "sent";
}

async function openStream(context: SyncContext, space: string, entry: OpenEntry): Promise<void> {
  const { account, services } = context;
  const { streams, stream, home } = await attached(context, space, entry);
  if (services.isOwn(home)) {
    await withTicket(services, 1, 0, (ticket) =>
      streams.openStream(stream.sid, { kind: "ticket", ticket }, streamPatience),
    );
    return;
  }
  if (entry.before === null) throw new InternalError("a space was founded on a foreign service");
  const before = await streamOf(account.store, account.primitives, space, entry.before);
  await streams.attach(before, (message) => account.primitives.signEd25519(before.writeSeed, message), streamPatience);
  await streams.openStream(stream.sid, { kind: "closed", sid: before.sid }, streamPatience);
}

async function postEnvelope(
  { account, services }: SyncContext,
  { recipient, deviceId, envelope }: Extract<OutboxEntry, { kind: "envelope" }>,
): Promise<void> {
  const { name, host } = splitHandle(recipient);
  const { client } = await services.link(host);
  const post = (right: InboxRight): Promise<void> => client.postEnvelope(name, deviceId, right, envelope);
  if (await postByCapability(account, recipient, deviceId, post)) return;
  if (services.isOwn(host)) await withTicket(services, 0, 1, (ticket) => post({ kind: "ticket", ticket }));
  else await post({ kind: "stranger" });
}

/** A service that restarted forgot its tickets: ask for a new one, once. */
async function withTicket(
  services: Services,
  streams: number,
  envelopes: number,
  use: (ticket: Uint8Array) => Promise<void>,
): Promise<void> {
  try {
    await use(await services.ticket(streams, envelopes));
  } catch (error) {
    if (!isBullaError(error, "service/forbidden") && !isBullaError(error, "service/quota")) throw error;
    services.dropTicket();
    await use(await services.ticket(streams, envelopes));
  }
}

interface AttachedStream {
  readonly streams: StreamConnection;
  readonly stream: StreamSecrets;
  readonly home: string;
}

async function attached(
  { account, services }: SyncContext,
  space: string,
  place: { readonly number: number; readonly retry: number },
): Promise<AttachedStream> {
  const info = await loadInfo(account.store, space);
  if (info === undefined) throw new InternalError("the outbox names a space that is not there");
  const stream = await streamOf(account.store, account.primitives, space, place);
  const streams = await services.streams(info.home);
  await streams.attach(stream, (message) => account.primitives.signEd25519(stream.writeSeed, message), streamPatience);
  return { streams, stream, home: info.home };
}

function recordOf(queued: QueuedEntry | undefined): RecordEntry {
  if (queued?.entry.kind !== "record") throw new InternalError("not a record");
  return queued.entry;
}
