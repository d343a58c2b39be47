import { type ErrorCode, type Handle, isErrorCode } from "@bulla/wire";
import { decode, encode } from "@bulla/wire/encoding";
import type { Store, StoreTransaction } from "../ports.ts";
import { places } from "./places.ts";
import { loadInfo } from "./space-shelf.ts";
import { storedNoticeCodec } from "./stored.ts";

/** Something that went wrong in a space and that its people have to know: a gap, a refused record, two views. */
export interface Notice {
  readonly from: Handle | null;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Keep a notice until it was shown, as part of the step in which it was found. One per place, so that nothing is told twice. */
export async function keepNotice(
  transaction: StoreTransaction,
  space: string,
  position: number,
  code: ErrorCode,
): Promise<void> {
  await transaction.put(places.notice(space, position), encode(storedNoticeCodec, { code }));
}

/** What has not been shown yet. */
export async function takeNotices(store: Store): Promise<readonly Notice[]> {
  return store.step(async (transaction) => {
    const notices: Notice[] = [];
    for (const { key, value } of await transaction.list(places.notices)) {
      const { code } = decode(storedNoticeCodec, value, { maxBytes: 256 });
      const info = await loadInfo(transaction, key.split("/")[1] ?? "");
      if (isErrorCode(code))
        notices.push({ from: info?.peer ?? null, code, message: sentences[code] ?? "something there was refused" });
      await transaction.delete(key);
    }
    return notices;
  });
}

const sentences: Partial<Readonly<Record<ErrorCode, string>>> = {
  "space/gap": "something that was said before is missing: it was withheld, or never sent",
  "space/fork": "the members of this conversation are being shown different things: it is stopped",
  "space/rolled-back": "the service lost part of this conversation, or hides it: it is stopped",
  "identity/pin-mismatch":
    "this conversation names another identity of a member than the one known here: it is stopped",
  "space/busy": "this device can no longer follow this conversation",
};
