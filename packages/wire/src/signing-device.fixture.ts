import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from "node:crypto";
import { encode } from "./encoding/codec.ts";
import type { Handle } from "./handle.ts";
import { type DeviceCertificate, type DeviceKeys, possessionBytes } from "./identity/device-certificate.ts";
import {
  type SignedStatement,
  type Statement,
  type StatementBody,
  statementCodec,
  statementHash,
  statementSigningBytes,
} from "./identity/statement.ts";
import type { Verifier } from "./verifier.ts";

/** Checking on node:crypto, as tests of this package need it. */
export const nodeVerifier: Verifier = {
  sha256(...parts) {
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    return new Uint8Array(hash.digest());
  },
  async verifyEd25519(publicKey, message, signature) {
    if (publicKey.length !== 32) return false;
    try {
      const key = createPublicKey({
        key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(publicKey).toString("base64url") },
        format: "jwk",
      });
      return verify(null, message, key, signature);
    } catch {
      return false;
    }
  },
};

/** An Ed25519 key pair from its seed. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

const pkcs8Prefix = Buffer.from("302e020100300506032b657004220420", "hex");

export function signingKey(seed: Uint8Array): SigningKey {
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: "der", type: "pkcs8" });
  const { x = "" } = createPublicKey(key).export({ format: "jwk" });
  return {
    publicKey: new Uint8Array(Buffer.from(x, "base64url")),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}

/** A device that signs whatever a test wants, also what no honest device would. */
export interface SigningDevice {
  readonly id: Uint8Array;
  readonly chain: SigningKey;
  readonly record: SigningKey;
  readonly request: SigningKey;
  readonly leaf: SigningKey;
  readonly keys: DeviceKeys;
}

/** @param name makes the same keys every time */
export function signingDevice(name: string): SigningDevice {
  const seed = (purpose: string): Uint8Array =>
    new Uint8Array(createHash("sha256").update(`${name} ${purpose}`).digest());
  const [id, chain, record, request, leaf] = [
    seed("id").slice(0, 16),
    signingKey(seed("chain")),
    signingKey(seed("record")),
    signingKey(seed("request")),
    signingKey(seed("leaf")),
  ];
  const inboxKey = new Uint8Array(1216).map((_, i) => seed("inbox")[i % 32] ?? 0);
  const keys = {
    deviceId: id,
    chainKey: chain.publicKey,
    recordKey: record.publicKey,
    requestKey: request.publicKey,
    leafKey: leaf.publicKey,
    inboxKey,
  };
  return { id, chain, record, request, leaf, keys };
}

/** A certificate; `keys` may differ from the device's own. */
export function certificateOf(
  device: SigningDevice,
  handle: Handle,
  keys: DeviceKeys = device.keys,
): DeviceCertificate {
  const message = possessionBytes(handle, keys);
  const { chain, record, request, leaf } = device;
  return {
    keys,
    possession: {
      chain: chain.sign(message),
      record: record.sign(message),
      request: request.sign(message),
      leaf: leaf.sign(message),
    },
  };
}

/** The next honest link after those before, or one with some fields replaced. */
export function linkAfter(
  before: readonly SignedStatement[],
  signer: SigningDevice,
  body: StatementBody,
  flaw: Partial<Statement> = {},
): SignedStatement {
  const last = before.at(-1);
  const previous = last === undefined ? new Uint8Array(32) : statementHash(nodeVerifier, last);
  return signedBy(
    signer,
    encode(statementCodec, { version: 1, index: before.length, previous, day: 20_000, body, ...flaw }),
  );
}

export function signedBy({ id, chain }: SigningDevice, statement: Uint8Array): SignedStatement {
  return { statement, signer: id, signature: chain.sign(statementSigningBytes(statement, id)) };
}

export function randomOf(length: number): Uint8Array {
  return new Uint8Array(randomBytes(length));
}
