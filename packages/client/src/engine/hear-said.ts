import { decodeEvent } from "@bulla/content";
import { type Chapter, type MemberDevice, memberOf, sameDevice } from "@bulla/core";
import { isBullaError } from "@bulla/wire";
import type { HeardEvent } from "./space-mail.ts";
import type { SyncContext } from "./sync-context.ts";

/** What a member said in a chapter, as content hears it, now or from history. Undefined for nonsense: a member may say it, and it concerns nobody else. */
export function heardFrom(
  { account }: SyncContext,
  space: string,
  { constitution }: Chapter,
  author: MemberDevice,
  content: Uint8Array,
  place: HeardEvent["place"],
): HeardEvent | undefined {
  try {
    const event = decodeEvent(content);
    const role = memberOf(constitution, author.handle)?.role ?? "guest";
    return { space, author, own: sameDevice(author, account.me), role, place, event, content };
  } catch (error) {
    if (isBullaError(error) && error.code !== "internal/bug") return undefined;
    throw error;
  }
}
