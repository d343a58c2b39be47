import { createPrimitives } from "@bulla/client/crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { utf8 } from "./encoding/bytes.ts";
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

const primitives = createPrimitives();
/** Checking on the real primitives of the platform that the test runs on. */
export const verifier: Verifier = primitives;

/** An Ed25519 key pair from its seed. */
export interface SigningKey {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function signingKey(seed: Uint8Array): SigningKey {
  return { publicKey: ed25519.getPublicKey(seed), sign: (message) => ed25519.sign(message, seed) };
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
  const seed = (purpose: string): Uint8Array => verifier.sha256(utf8(`${name} ${purpose}`));
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
  const previous = last === undefined ? new Uint8Array(32) : statementHash(verifier, last);
  return signedBy(
    signer,
    encode(statementCodec, { version: 1, index: before.length, previous, day: 20_000, body, ...flaw }),
  );
}

export function signedBy({ id, chain }: SigningDevice, statement: Uint8Array): SignedStatement {
  return { statement, signer: id, signature: chain.sign(statementSigningBytes(statement, id)) };
}

export function randomOf(length: number): Uint8Array {
  return primitives.random(length);
}
