import type { Primitives } from "@bulla/core";
import { equalBytes, type Handle } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import type { StoreTransaction } from "../ports.ts";
import { handlePlace, places } from "./places.ts";
import { type Contact, contactCodec } from "./stored.ts";

const contactLimits = { maxBytes: 512 * 1024 } as const;

export async function loadContact(
  reader: Pick<StoreTransaction, "get">,
  primitives: Primitives,
  handle: Handle,
): Promise<Contact | undefined> {
  const stored = await reader.get(places.contact(handlePlace(primitives, handle)));
  return stored === undefined ? undefined : decode(contactCodec, stored, contactLimits);
}

export async function saveContact(
  transaction: StoreTransaction,
  primitives: Primitives,
  contact: Contact,
): Promise<void> {
  await transaction.put(places.contact(handlePlace(primitives, contact.handle)), encode(contactCodec, contact));
}

export async function listContacts(reader: Pick<StoreTransaction, "list">): Promise<readonly Contact[]> {
  const entries = await reader.list(places.contacts);
  return entries.map(({ value }) => decode(contactCodec, value, contactLimits));
}

export function newContact(handle: Handle, state: Contact["state"]): Contact {
  return { version: 1, handle, state, firstContact: false, spaces: [], envelopes: [] };
}

/** The contact with one more direct space. */
export function withSpace(contact: Contact, space: Uint8Array): Contact {
  return contact.spaces.some((known) => equalBytes(known, space))
    ? contact
    : { ...contact, spaces: [...contact.spaces, space] };
}
