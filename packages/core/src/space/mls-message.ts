import { BullaError } from "@bulla/wire";
import * as mls from "ts-mls";

/** Exactly one MLS message. @throws BullaError wire/malformed */
export function decodeExactly(input: Uint8Array): mls.MLSMessage {
  let decoded: ReturnType<typeof mls.decodeMlsMessage>;
  try {
    decoded = mls.decodeMlsMessage(input, 0);
  } catch (cause) {
    throw new BullaError("wire/malformed", "malformed item: not an MLS message", { cause });
  }
  if (decoded === undefined || decoded[1] !== input.length)
    throw new BullaError("wire/malformed", "malformed item: not exactly one MLS message");
  return decoded[0];
}
