import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { type Handle, hexOf } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import {
  type DeviceCertificate,
  type DeviceKeys,
  decodeSignedStatement,
  possessionBytes,
  type StatementBody,
  signedStatementCodec,
  statementCodec,
  statementHash,
  statementSigningBytes,
} from "@bulla/wire/identity";
import { nodeVerifier } from "../node-verifier.ts";

export interface KeyPair {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** An Ed25519 key as a client would hold it. */
export function keyPair(seed: Uint8Array = randomBytes(32)): KeyPair {
  const key: KeyObject = createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32));
  return { publicKey, sign: (message) => new Uint8Array(sign(null, message, key)) };
}

/** A device with keys of its own, as far as the service meets one. */
export class TestDevice {
  readonly deviceId: Uint8Array = new Uint8Array(randomBytes(16));
  readonly chain: KeyPair = keyPair();
  readonly record: KeyPair = keyPair();
  readonly request: KeyPair = keyPair();
  readonly leaf: KeyPair = keyPair();
  readonly keys: DeviceKeys;
  readonly id: string;

  constructor() {
    this.keys = {
      deviceId: this.deviceId,
      chainKey: this.chain.publicKey,
      recordKey: this.record.publicKey,
      requestKey: this.request.publicKey,
      leafKey: this.leaf.publicKey,
      inboxKey: new Uint8Array(randomBytes(1216)),
    };
    this.id = hexOf(this.deviceId);
  }

  certificate(handle: Handle): DeviceCertificate {
    const message = possessionBytes(handle, this.keys);
    return {
      keys: this.keys,
      possession: {
        chain: this.chain.sign(message),
        record: this.record.sign(message),
        request: this.request.sign(message),
        leaf: this.leaf.sign(message),
      },
    };
  }

  /** The next signed statement of a chain that has `before` as its last link. */
  statement(body: StatementBody, index: number, before?: Uint8Array): Uint8Array {
    const previous =
      before === undefined ? new Uint8Array(32) : statementHash(nodeVerifier, decodeSignedStatement(before));
    const statement = encode(statementCodec, { version: 1, index, previous, day: 20_000, body });
    return encode(signedStatementCodec, {
      statement,
      signer: this.deviceId,
      signature: this.chain.sign(statementSigningBytes(statement, this.deviceId)),
    });
  }

  create(handle: Handle): Uint8Array {
    return this.statement({ kind: "create", handle, device: this.certificate(handle) }, 0);
  }
}
