import { type Invitation, type OpenedEnvelope, openEnvelope } from "@bulla/core";
import { type BullaError, equalBytes, type Handle, hexOf, isBullaError, splitHandle, uintBytes } from "@bulla/wire";
import { loadContact, newContact, saveContact } from "./contacts.ts";
import { takeHistory } from "./history.ts";
import { joinInvited } from "./join-invited.ts";
import { places } from "./places.ts";
import { isOffline } from "./services.ts";
import { loadInfo, loadSpace } from "./space-shelf.ts";
import type { SyncContext } from "./sync-context.ts";
import { syncSpace } from "./sync-space.ts";

/** Whom to let in without asking: accounts of the own service unless `watching`, and the person that was named. */
export interface InboxRules {
  readonly from?: Handle;
  readonly watching: boolean;
}

export interface InboxNews {
  /** Strangers who wait for a person's word. */
  readonly waiting: readonly { readonly from: Handle; readonly host: string }[];
  /** Invitations that were refused. */
  readonly refused: readonly { readonly from: Handle | null; readonly error: BullaError }[];
}

/** Read the inbox: let in whom the rules let in, keep the rest for a person, throw away what cannot be opened. An envelope is acknowledged only after what follows from it was stored. */
export async function readInbox(context: SyncContext, rules: InboxRules): Promise<InboxNews> {
  const { account, services } = context;
  const { client } = await services.link();
  const waiting: { from: Handle; host: string }[] = [];
  const refused: { from: Handle | null; error: BullaError }[] = [];
  for (let more = true; more; ) {
    const stored = await account.store.get(places.inboxCursor);
    const from =
      stored === undefined
        ? 0
        : Number(new DataView(stored.buffer, stored.byteOffset, stored.byteLength).getBigUint64(0));
    const answer = await client.readInbox(from);
    for (const { position, envelope } of answer.envelopes) {
      const outcome = await takeEnvelope(context, envelope, rules);
      if (outcome.kind === "waiting") waiting.push({ from: outcome.from, host: outcome.host });
      if (outcome.kind === "refused") refused.push({ from: outcome.from, error: outcome.error });
      await account.store.step((transaction) => transaction.put(places.inboxCursor, uintBytes(position + 1, 8)));
    }
    const last = answer.envelopes.at(-1);
    if (last !== undefined) await client.acknowledgeInbox(last.position);
    more = answer.more && last !== undefined;
  }
  return { waiting, refused };
}

/** Let in somebody whose invitations waited. Returns what was refused. */
export async function takeWaiting(context: SyncContext, handle: Handle): Promise<InboxNews["refused"]> {
  const { account } = context;
  const contact = await loadContact(account.store, account.primitives, handle);
  const refused: { from: Handle | null; error: BullaError }[] = [];
  for (const envelope of contact?.envelopes ?? []) {
    const outcome = await takeEnvelope(context, envelope, { from: handle, watching: false });
    if (outcome.kind === "refused") refused.push({ from: outcome.from, error: outcome.error });
    await account.store.step(async (transaction) => {
      const now = await loadContact(transaction, account.primitives, handle);
      if (now !== undefined)
        await saveContact(transaction, account.primitives, {
          ...now,
          envelopes: now.envelopes.filter((kept) => !equalBytes(kept, envelope)),
        });
    });
  }
  return refused;
}

type Taken =
  | { readonly kind: "nothing" }
  | { readonly kind: "joined"; readonly space: string }
  | { readonly kind: "waiting"; readonly from: Handle; readonly host: string }
  | { readonly kind: "refused"; readonly from: Handle | null; readonly error: BullaError };

async function takeEnvelope(context: SyncContext, envelope: Uint8Array, rules: InboxRules): Promise<Taken> {
  const { account } = context;
  let opened: OpenedEnvelope;
  try {
    opened = await openEnvelope(account.primitives, account.me, account.secrets, envelope);
  } catch (error) {
    if (!isBullaError(error)) throw error;
    return { kind: "refused", from: null, error };
  }
  const { handle } = opened.sender;
  const contact = (await loadContact(account.store, account.primitives, handle)) ?? newContact(handle, "known");
  const { body } = opened;
  if (contact.state === "blocked" || (body.kind === "invitation" && (await isFollowed(context, body))))
    return { kind: "nothing" };
  const accepted =
    contact.state === "accepted" ||
    rules.from === handle ||
    (!rules.watching && splitHandle(handle).host === account.host);
  if (!accepted) {
    await keepWaiting(context, handle, envelope);
    return { kind: "waiting", from: handle, host: splitHandle(handle).host };
  }
  if (body.kind === "invitation") return letIn(context, opened, body, envelope, contact.state !== "accepted");
  await takeHistory(context, opened, body);
  return { kind: "nothing" };
}

/** A Welcome never replaces a space that this device is in: the records there decide. Whoever was removed from it, or cannot follow any more, comes back only at a later chapter. */
async function isFollowed(context: SyncContext, { space, chapter: { number } }: Invitation): Promise<boolean> {
  const { store, primitives } = context.account;
  const id = hexOf(space);
  if ((await loadInfo(store, id)) === undefined) return false;
  let here = await loadSpace(store, primitives, id);
  if (here.info.state === "active" && here.chapter.number < number) {
    // Perhaps this device was removed meanwhile, and does not know yet.
    await syncSpace(context, id);
    here = await loadSpace(store, primitives, id);
  }
  const { state } = here.info;
  return state === "active" || state === "frozen" || here.chapter.number >= number;
}

async function letIn(
  context: SyncContext,
  opened: OpenedEnvelope,
  invitation: Invitation,
  envelope: Uint8Array,
  firstContact: boolean,
): Promise<Taken> {
  const { handle } = opened.sender;
  try {
    const space = await joinInvited(context, opened, invitation, firstContact);
    return { kind: "joined", space };
  } catch (error) {
    if (isOffline(error)) {
      // The other service is away: keep it and try again with the next receive.
      await keepWaiting(context, handle, envelope, firstContact ? undefined : "accepted");
      throw error;
    }
    if (!isBullaError(error) || error.code === "internal/bug" || isOwnTrouble(error)) throw error;
    // Another process of this home was faster, and used up the key that the invitation names.
    if (await isFollowed(context, invitation)) return { kind: "nothing" };
    return { kind: "refused", from: handle, error };
  }
}

/** A full disk, or a store that cannot be used, is no reason to throw an invitation away. */
function isOwnTrouble({ code }: BullaError): boolean {
  return code.startsWith("file/") || code.startsWith("store/");
}

async function keepWaiting(
  { account }: SyncContext,
  handle: Handle,
  envelope: Uint8Array,
  state?: "accepted",
): Promise<void> {
  await account.store.step(async (transaction) => {
    const now = (await loadContact(transaction, account.primitives, handle)) ?? newContact(handle, "waiting");
    const known = now.envelopes.some((kept) => equalBytes(kept, envelope));
    const envelopes = known || now.envelopes.length >= maxWaiting ? now.envelopes : [...now.envelopes, envelope];
    await saveContact(transaction, account.primitives, {
      ...now,
      state: state ?? (now.state === "known" ? "waiting" : now.state),
      envelopes,
    });
  });
}

const maxWaiting = 16;
