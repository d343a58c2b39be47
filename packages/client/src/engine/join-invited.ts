import {
  acceptWelcome,
  type ChapterKey,
  type Invitation,
  type KeyringEntry,
  type OpenedEnvelope,
  type StoredEntry,
  streamSecrets,
} from "@bulla/core";
import { BullaError, hexOf, splitHandle } from "@bulla/wire";
import { decode } from "@bulla/wire/encoding";
import { loadContact, newContact, saveContact, withSpace } from "./contacts.ts";
import { collectOpenings, firstThatHolds } from "./openings.ts";
import { places } from "./places.ts";
import { streamPatience } from "./services.ts";
import { enterStream, saveInfo } from "./space-shelf.ts";
import { storedKeyPackageCodec } from "./stored.ts";
import type { SyncContext } from "./sync-context.ts";

/** Come into a space by an invitation that was let in. The sender's chain is compared with the directory's, the chapter key is recomputed, and only then anything is stored, in one step.
 *  @throws BullaError space/refused-welcome, space/refused-opening, identity/*, transport/* */
export async function joinInvited(
  context: SyncContext,
  opened: OpenedEnvelope,
  invitation: Invitation,
  firstContact: boolean,
): Promise<string> {
  const { account, chains, services } = context;
  const { primitives } = account;
  const space = hexOf(invitation.space);
  const { handle } = opened.sender;
  if (invitation.home !== splitHandle(handle).host)
    throw new BullaError("space/refused-welcome", "invitation refused: its space is kept by somebody else's service");
  await chains.compare(opened.chain);
  await chains.lookup(handle);
  await chains.compare(opened.chain);
  await chains.lookup(account.handle);
  const stored = await account.store.get(places.keyPackage(invitation.keyPackage));
  if (stored === undefined)
    throw new BullaError("space/refused-welcome", "invitation refused: it was used before, or is too old", {
      hint: "ask them to send again",
    });
  const { privatePackage, lastResort } = decode(storedKeyPackageCodec, stored, { maxBytes: 65536 });
  const entry: KeyringEntry = { space: invitation.space, ...invitation.chapter };
  const stream = streamSecrets(primitives, entry.key.slice() as ChapterKey, 0);
  const streams = await services.streams(invitation.home);
  await streams.attach(stream, (message) => primitives.signEd25519(stream.writeSeed, message), streamPatience);
  const records = recordsOf((from) => streams.read(stream.sid, from, 256, streamPatience));
  const { openings, pieces } = await collectOpenings(primitives, stream, entry, records);
  if (openings.length === 0)
    throw new BullaError("space/refused-welcome", "invitation refused: its space has no opening", {
      hint: "ask them to send again",
    });
  const { chapter } = await firstThatHolds(chains, openings, async (opening) => {
    const request = {
      me: account.me,
      secrets: account.secrets,
      entry,
      opening,
      pieceOf: async (id: Uint8Array) => pieces.get(hexOf(id)),
      book: chains,
    };
    return acceptWelcome(primitives, request, invitation.welcome, privatePackage);
  });
  const { constitution } = chapter;
  const { kind } = constitution;
  if (
    kind === "self" ||
    constitution.home !== invitation.home ||
    !constitution.members.some((member) => member.handle === handle)
  ) {
    throw new BullaError("space/refused-welcome", "invitation refused: the space is not the one it speaks of");
  }
  const { home } = invitation;
  await account.store.step(async (transaction) => {
    const peer = kind === "direct" ? handle : null;
    await saveInfo(transaction, space, { version: 1, kind, home, peer, state: "active", why: null });
    await enterStream(transaction, primitives, chapter, undefined);
    if (!lastResort) await transaction.delete(places.keyPackage(invitation.keyPackage));
    const contact = (await loadContact(transaction, primitives, handle)) ?? newContact(handle, "accepted");
    await saveContact(transaction, primitives, {
      ...(kind === "direct" ? withSpace(contact, invitation.space) : contact),
      state: "accepted",
      firstContact: contact.firstContact || firstContact,
    });
  });
  return space;
}

const maxPages = 64;

async function* recordsOf(
  read: (from: number) => Promise<{ readonly records: readonly StoredEntry[]; readonly more: boolean }>,
): AsyncGenerator<StoredEntry> {
  let from = 0;
  for (let page = 0; page < maxPages; page++) {
    const { records, more } = await read(from);
    yield* records;
    from += records.length;
    if (!more) return;
  }
}
