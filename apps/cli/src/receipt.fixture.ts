import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { createNodePrimitives } from "@bulla/client/node";
import { type Handle, parseHandle } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import {
  type DeviceKeys,
  possessionBytes,
  signedStatementCodec,
  statementCodec,
  statementHash,
  statementSigningBytes,
} from "@bulla/wire/identity";
import { encodeReceiptFile, manifestHash, receiptSigningBytes, receiptStatementCodec } from "@bulla/wire/receipt";

const verifier = createNodePrimitives();
const recipient: Handle = parseHandle("bob@acme.example");

/** The receipt file of one file with these bytes, signed by a device that was made for it. */
export function receiptFor(name: string, content: Uint8Array): Uint8Array {
  const [chain, record, request, leaf] = [newKey(), newKey(), newKey(), newKey()];
  const keys: DeviceKeys = {
    deviceId: plain(randomBytes(16)),
    chainKey: chain.publicKey,
    recordKey: record.publicKey,
    requestKey: request.publicKey,
    leafKey: leaf.publicKey,
    inboxKey: plain(randomBytes(1216)),
  };
  const proof = possessionBytes(recipient, keys);
  const possession = {
    chain: chain.sign(proof),
    record: record.sign(proof),
    request: request.sign(proof),
    leaf: leaf.sign(proof),
  };
  const statement = encode(statementCodec, {
    version: 1,
    index: 0,
    previous: new Uint8Array(32),
    day: 20_000,
    body: { kind: "create", handle: recipient, device: { keys, possession } },
  });
  const signed = {
    statement,
    signer: keys.deviceId,
    signature: chain.sign(statementSigningBytes(statement, keys.deviceId)),
  };
  const sha256 = plain(createHash("sha256").update(content).digest());
  const manifest = { version: 1, files: [{ path: name, size: content.length, sha256 }] } as const;
  const receipt = encode(receiptStatementCodec, {
    version: 1,
    transferId: new Uint8Array(16).fill(7),
    manifest: manifestHash(verifier, manifest),
    sender: parseHandle("alice@acme.example"),
    recipient,
    deviceId: keys.deviceId,
    chain: { position: 1, hash: statementHash(verifier, signed) },
    day: 20_779,
  });
  return encodeReceiptFile({
    version: 1,
    receipt: { statement: receipt, signature: record.sign(receiptSigningBytes(receipt)) },
    manifest,
    chain: [encode(signedStatementCodec, signed)],
  });
}

interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

function newKey(): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  return { publicKey: rawKey(publicKey), sign: (message) => plain(sign(null, message, privateKey)) };
}

function rawKey(key: KeyObject): Uint8Array {
  return plain(Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url"));
}

function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}
