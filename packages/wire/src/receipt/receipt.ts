import { concatBytes, equalBytes, hexOf } from "../encoding/bytes.ts";
import { bytes, type Codec, type CodecValue, decode, encode, list, struct, uint, version } from "../encoding/codec.ts";
import { BullaError } from "../errors.ts";
import { activeDevice, chainPinCodec, type VerifiedChain, verifyChain } from "../identity/chain.ts";
import { decodeSignedStatement, handleCodec } from "../identity/statement.ts";
import { labelBytes } from "../labels.ts";
import { limits } from "../limits.ts";
import type { Verifier } from "../verifier.ts";
import { type Manifest, manifestCodec, manifestHash, manifestLimits } from "./manifest.ts";

const statementShape = struct({
  version: version(1),
  transferId: bytes(16),
  /** Hash of the manifest, see `manifestHash`. */
  manifest: bytes(32),
  sender: handleCodec,
  recipient: handleCodec,
  /** The device that verified and kept the files, and the place in its account's chain that it knew. */
  deviceId: bytes(16),
  chain: chainPinCodec,
  /** UTC day, the device's claim. */
  day: uint(10_000_000),
});

/** "This device holds exactly these bytes." */
export type ReceiptStatement = CodecValue<typeof statementShape>;
export const receiptStatementCodec: Codec<ReceiptStatement> = statementShape;

const signedShape = struct({ statement: bytes({ min: 1, max: 2048 }), signature: bytes(64) });
/** A statement and the signature of the device's record key. */
export type SignedReceipt = CodecValue<typeof signedShape>;
export const signedReceiptCodec: Codec<SignedReceipt> = signedShape;

const fileShape = struct({
  version: version(1),
  receipt: signedReceiptCodec,
  manifest: manifestCodec,
  /** The recipient's identity chain up to the position that the receipt names, or further. */
  chain: list(bytes({ min: 1, max: limits.maxStatementBytes + 256 }), limits.maxChainStatements),
});

/** What `receipt show -o` writes: enough to verify offline years later. */
export type ReceiptFile = CodecValue<typeof fileShape>;
export const receiptFileCodec: Codec<ReceiptFile> = fileShape;

export function receiptSigningBytes(statement: Uint8Array): Uint8Array {
  return concatBytes(labelBytes("receipt"), statement);
}

/** A receipt whose signature, chain and manifest agree. */
export interface VerifiedReceipt {
  readonly statement: ReceiptStatement;
  readonly chain: VerifiedChain;
}

/** Check a receipt against a chain that was checked before.
 *  @throws BullaError receipt/refused, identity/suspended-device, identity/unknown-device, wire/* */
export async function verifyReceipt(
  verifier: Verifier,
  receipt: SignedReceipt,
  chain: VerifiedChain,
  manifest: Manifest,
): Promise<ReceiptStatement> {
  const statement = decode(receiptStatementCodec, receipt.statement, { maxBytes: 2048 });
  if (statement.recipient !== chain.handle) throw refused("it belongs to another account than its chain");
  const hash = chain.hashes[statement.chain.position - 1];
  if (hash === undefined || !equalBytes(hash, statement.chain.hash)) throw refused("it names another identity chain");
  if (!chain.devices.has(hexOf(statement.deviceId)))
    throw new BullaError("identity/unknown-device", "receipt refused: its account has no such device");
  const device = activeDevice(chain, statement.deviceId, statement.chain.position);
  if (device === undefined) {
    throw new BullaError(
      "identity/suspended-device",
      "receipt refused: its device was not active at the position it names",
    );
  }
  if (!(await verifier.verifyEd25519(device.keys.recordKey, receiptSigningBytes(receipt.statement), receipt.signature)))
    throw refused("its signature is wrong");
  if (!equalBytes(statement.manifest, manifestHash(verifier, manifest))) throw refused("it is for other files");
  return statement;
}

/** Check a receipt file on its own: chain, device, signature, manifest.
 *  @throws BullaError receipt/refused, identity/*, wire/* */
export async function verifyReceiptFile(verifier: Verifier, file: ReceiptFile): Promise<VerifiedReceipt> {
  const { recipient } = decode(receiptStatementCodec, file.receipt.statement, { maxBytes: 2048 });
  const chain = await verifyChain(verifier, recipient, file.chain.map(decodeSignedStatement));
  return { statement: await verifyReceipt(verifier, file.receipt, chain, file.manifest), chain };
}

const magic = new TextEncoder().encode("bulla-receipt-1\n");

/** The file's bytes: a line that names the format, then deterministic CBOR. */
export function encodeReceiptFile(file: ReceiptFile): Uint8Array {
  return concatBytes(magic, encode(receiptFileCodec, file));
}

/** @throws BullaError receipt/refused, wire/* */
export function decodeReceiptFile(input: Uint8Array): ReceiptFile {
  if (!equalBytes(input.subarray(0, magic.length), magic)) throw refused("this is not a receipt");
  return decode(receiptFileCodec, input.subarray(magic.length), manifestLimits);
}

function refused(why: string): BullaError {
  return new BullaError("receipt/refused", `receipt refused: ${why}`);
}
