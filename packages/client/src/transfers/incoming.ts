import type { EventBody } from "@bulla/content";
import { concatBytes, hexOf, splitHandle, utf8 } from "@bulla/wire";
import type { HeardEvent } from "../engine/space-mail.ts";
import type { Store, StoreTransaction } from "../ports.ts";
import { incomingCodec, lastOf, load, places, type StoredIncoming, save } from "./stored.ts";
import type { TransferPorts } from "./transfer-ports.ts";

/** A transfer that came and is not over. */
export interface IncomingTransfer {
  /** Hex; of author, device and transfer id together, so that nobody can take the place of somebody else's transfer. */
  readonly key: string;
  readonly stored: StoredIncoming;
}

type FileBody = Extract<EventBody, { kind: "file" }>;

/** Keep what another member sent. The same transfer said twice counts once. */
export async function hearTransfer(
  { mail, primitives, clock }: TransferPorts,
  transaction: StoreTransaction,
  heard: HeardEvent,
  body: FileBody,
): Promise<void> {
  const { space, author } = heard;
  if (heard.own || author.handle === mail.me.handle) return;
  // Chunks lie at the sender's own service; nobody may point this device anywhere else.
  if (body.host !== splitHandle(author.handle).host) return;
  const key = hexOf(
    primitives.sha256(concatBytes(author.deviceId, body.transferId, utf8(author.handle))).subarray(0, 16),
  );
  if (
    (await transaction.get(places.incoming(key))) !== undefined ||
    (await transaction.get(places.incomingDone(key))) !== undefined
  )
    return;
  const { transferId, note, host, expiryDay, transfer } = body;
  const stored: StoredIncoming = {
    version: 1,
    space,
    author: author.handle,
    deviceId: author.deviceId,
    transferId,
    order: clock.now(),
    note,
    host,
    expiryDay,
    transfer,
    delivered: false,
    out: null,
  };
  await transaction.put(places.incoming(key), save(incomingCodec, stored));
}

/** Oldest first. */
export async function listIncoming(store: Pick<Store, "list">): Promise<readonly IncomingTransfer[]> {
  const entries = await store.list(places.allIncoming);
  return entries
    .map(({ key, value }) => ({ key: lastOf(key), stored: load(incomingCodec, value) }))
    .sort((a, b) => a.stored.order - b.stored.order);
}

/** Remember only that it came: its keys are gone then. */
export async function finishIncoming(transaction: StoreTransaction, { key }: IncomingTransfer): Promise<void> {
  await transaction.delete(places.incoming(key));
  await transaction.put(places.incomingDone(key), Uint8Array.of(1));
  for (const { key: file } of await transaction.list(places.files(key))) await transaction.delete(file);
}
