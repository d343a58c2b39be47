import {
  type Chapter,
  type ChapterKey,
  type EnvelopeBody,
  type GrantedHistory,
  type KeyringEntry,
  maxGrantedKeys,
  memberOf,
  type OpenedEnvelope,
  type PastChapter,
  readPastChapter,
  type StoredEntry,
  type StreamSecrets,
  streamSecrets,
} from "@bulla/core";
import { hexOf, isBullaError } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import type { StoreTransaction } from "../ports.ts";
import { heardFrom } from "./hear-said.ts";
import { keepNotice } from "./notices.ts";
import { collectOpenings, firstThatHolds } from "./openings.ts";
import { places } from "./places.ts";
import { queueEnvelopes } from "./queue-envelopes.ts";
import { streamPatience } from "./services.ts";
import { loadInfo, loadSpace } from "./space-shelf.ts";
import { type StoredInvitee, storedKeyringCodec } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

type Read = Extract<PastChapter, { kind: "read" }>;

/** Hand the keys of all earlier chapters to those who were let in, where the policy says so. */
export async function queueHistory(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  { number, space: id, constitution }: Chapter,
  invitees: readonly StoredInvitee[],
): Promise<boolean> {
  if (constitution.policy.history !== "all") return false;
  const kept = await transaction.list(places.keyrings(space));
  const entries = kept.map(({ value }) => keyOf(value)).filter((entry) => entry.number < number);
  const bodies: EnvelopeBody[] = [];
  for (let from = 0; from < entries.length; from += maxGrantedKeys)
    bodies.push({ kind: "history", space: id, entries: entries.slice(from, from + maxGrantedKeys) });
  await queueEnvelopes(context, transaction, space, invitees, () => bodies);
  // What the founder said to nobody else is no history of theirs.
  return entries.length > 0 && number > 1;
}

/** Keep keys that a member of the space handed over, for chapters that this device cannot read. What they open is checked when it is read. */
export async function takeHistory(
  { account }: SyncContext,
  { sender }: OpenedEnvelope,
  { space, entries }: GrantedHistory,
): Promise<void> {
  const id = hexOf(space);
  await account.store.step(async (transaction) => {
    const info = await loadInfo(transaction, id);
    if (info === undefined) return;
    const { chapter } = await loadSpace(transaction, account.primitives, id);
    if (memberOf(chapter.constitution, sender.handle) === undefined) return;
    for (const entry of entries) {
      if (entry.number >= chapter.number) continue;
      if ((await transaction.get(places.keyring(id, entry.number))) !== undefined) continue;
      await transaction.put(places.granted(id, entry.number), encode(storedKeyringCodec, entry));
    }
  });
}

/** Read the chapters whose keys were handed over, the latest first: each must end where the one after it begins. Read is stored chapter by chapter, so that it goes on after a stop. */
export async function readHistory(context: SyncContext, space: string): Promise<void> {
  const { account } = context;
  const { store } = account;
  for (const { key, value } of (await store.list(places.allGranted(space))).toReversed()) {
    const entry = keyOf(value);
    const later = await store.get(places.keyring(space, entry.number + 1));
    // Something between here and there is missing: without it nothing says where this chapter ends.
    if (later === undefined) continue;
    const { info, chapter } = await loadSpace(store, account.primitives, space);
    let past: Read;
    try {
      past = await readPast(context, info.home, { space: chapter.space, ...entry }, keyOf(later).previousEnd);
    } catch (error) {
      if (!isBullaError(error, "space/refused-opening") && !isBullaError(error, "space/refused-welcome")) throw error;
      await store.step(async (transaction) => {
        await transaction.delete(key);
        await keepNotice(transaction, space, entry.number, "space/gap");
      });
      continue;
    }
    await store.step(async (transaction) => {
      if ((await transaction.get(key)) === undefined) return;
      await transaction.delete(key);
      await transaction.put(places.keyring(space, entry.number), value);
      await tell(context, transaction, space, past);
    });
  }
}

async function tell(
  context: SyncContext,
  transaction: StoreTransaction,
  space: string,
  { chapter, said }: Read,
): Promise<void> {
  const { number } = chapter;
  for (const { author, content, retry, position, recordId } of said) {
    const heard = heardFrom(context, space, chapter, author, content, { number, retry, position, recordId });
    if (heard === undefined) continue;
    for (const handler of context.handlers) await handler.onPast?.(transaction, heard);
  }
}

/** With the first opening that leads to the known end. @throws BullaError space/refused-opening, transport/* */
async function readPast(context: SyncContext, home: string, entry: KeyringEntry, endsAt: Uint8Array): Promise<Read> {
  const { account, chains, services } = context;
  const { primitives } = account;
  const streams = await services.streams(home);
  const fetch = async (stream: StreamSecrets): Promise<readonly StoredEntry[] | undefined> => {
    await streams.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message), streamPatience);
    const entries: StoredEntry[] = [];
    for (;;) {
      const { records, more, closed } = await streams.read(stream.sid, entries.length, 256, streamPatience);
      entries.push(...records);
      if (!more) return closed ? entries : undefined;
    }
  };
  // Read for the openings first, and then for what was said, under each opening in turn.
  const fetched = new Map<string, ReturnType<typeof fetch>>();
  const read = (stream: StreamSecrets): ReturnType<typeof fetch> => {
    const sid = hexOf(stream.sid);
    const reading = fetched.get(sid) ?? fetch(stream);
    fetched.set(sid, reading);
    return reading;
  };
  const first = streamSecrets(primitives, entry.key.slice() as ChapterKey, 0);
  const { openings, pieces } = await collectOpenings(primitives, first, entry, (await read(first)) ?? []);
  return firstThatHolds<Read>(chains, openings, (opening) =>
    readPastChapter(primitives, {
      entry,
      opening,
      pieceOf: async (id) => pieces.get(hexOf(id)),
      book: chains,
      me: account.me,
      endsAt,
      read,
    }),
  );
}

function keyOf(stored: Uint8Array): Omit<KeyringEntry, "space"> {
  return decode(storedKeyringCodec, stored, { maxBytes: 256 });
}
