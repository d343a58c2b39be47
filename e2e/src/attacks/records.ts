import { bitflipRecordRows } from "./bitflip-records.ts";
import { closingFlipRows } from "./closings.ts";
import { startConversation } from "./conversation.ts";
import { crossFeedRows } from "./cross-feed.ts";
import { closingRows } from "./garbage-close.ts";
import { plantRows } from "./plant.ts";
import { receiptRows } from "./receipt-forgery.ts";
import type { Family } from "./row.ts";
import { shuffleRows } from "./shuffle.ts";

/** What the service may show of a stream, and may not. */
export const records: Family = {
  name: "records",
  rows: async () => {
    const conversation = await startConversation();
    return [
      ...plantRows(conversation),
      ...shuffleRows(conversation),
      ...bitflipRecordRows(conversation),
      ...receiptRows(conversation),
      ...crossFeedRows(conversation),
      ...closingFlipRows(conversation),
      ...closingRows(conversation),
    ];
  },
};
