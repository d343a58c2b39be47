import { encode } from "@bulla/wire/encoding";
import {
  type ReceiptStatement,
  receiptSigningBytes,
  receiptStatementCodec,
  type SignedReceipt,
} from "@bulla/wire/receipt";
import type { Primitives } from "../primitives.ts";
import type { DeviceSecrets } from "./device-secrets.ts";

/** Sign that this device holds the files of a transfer. Only after every byte was verified and kept. */
export async function signReceipt(
  primitives: Primitives,
  secrets: DeviceSecrets,
  statement: ReceiptStatement,
): Promise<SignedReceipt> {
  const encoded = encode(receiptStatementCodec, statement);
  return {
    statement: encoded,
    signature: await primitives.signEd25519(secrets.recordSeed, receiptSigningBytes(encoded)),
  };
}
