import type { Cursor, ReadOutcome } from "@bulla/core";
import { equalBytes, isErrorCode, nextHead } from "@bulla/wire";
import type { StoreTransaction } from "../ports.ts";
import type { RecordBatch } from "../service/stream-follower.ts";
import type { Account } from "./account.ts";
import { keepNotice } from "./notices.ts";
import { places } from "./places.ts";
import { loadInfo, loadSpace, saveInfo } from "./space-shelf.ts";

/** Whether the service still holds, at its place, the record that was read last. */
export async function compareLast(
  { store, primitives }: Account,
  space: string,
  cursor: Cursor,
  last: RecordBatch["records"][number] | undefined,
): Promise<"space/rolled-back" | "space/fork" | undefined> {
  const before = await store.get(places.head(space, cursor.position - 1));
  // Read before this was kept, or moved on in another process: the next round compares.
  if (before === undefined) return undefined;
  if (last === undefined) return "space/rolled-back";
  const bodyHash = last.kind === "record" ? primitives.sha256(last.body) : last.bodyHash;
  return equalBytes(nextHead(primitives, before, last.recordId, bodyHash), cursor.head) ? undefined : "space/fork";
}

/** Stop a space, unless it moved on meanwhile. */
export async function freezeAt(
  transaction: StoreTransaction,
  { primitives }: Account,
  space: string,
  { position, head }: Cursor,
  why: "space/rolled-back" | "space/fork",
): Promise<void> {
  const { info, cursor } = await loadSpace(transaction, primitives, space);
  if (info.state === "active" && cursor.position === position && equalBytes(cursor.head, head))
    await freeze(transaction, space, why);
}

/** What people have to be told, even though everything goes on. */
export async function noteTrouble(
  transaction: StoreTransaction,
  space: string,
  outcome: ReadOutcome,
  position: number,
): Promise<void> {
  if (outcome.kind === "said" && outcome.gap) await keepNotice(transaction, space, position, "space/gap");
  if (outcome.kind === "refused") await keepNotice(transaction, space, position, outcome.code);
}

/** Both branches of what may be two views: nothing more is read or said until a person has looked. */
export async function freeze(transaction: StoreTransaction, space: string, why: string): Promise<void> {
  await setState(transaction, space, "frozen", why);
}

export async function setState(
  transaction: StoreTransaction,
  space: string,
  state: "frozen" | "removed" | "stuck",
  why: string | null,
): Promise<void> {
  const info = await loadInfo(transaction, space);
  if (info !== undefined) await saveInfo(transaction, space, { ...info, state, why });
  if (state !== "removed")
    await keepNotice(transaction, space, 0, state === "stuck" ? "space/busy" : isErrorCode(why) ? why : "space/fork");
}
