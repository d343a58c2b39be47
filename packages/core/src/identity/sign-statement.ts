import type { Handle } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import {
  type DeviceCertificate,
  extendChain,
  type SignedStatement,
  type StatementBody,
  statementCodec,
  statementSigningBytes,
  type VerifiedChain,
  verifyChain,
} from "@bulla/wire/identity";
import type { Primitives } from "../primitives.ts";
import { certifyDevice, type DeviceSecrets } from "./device-secrets.ts";

/** A chain and the statement that made it longer, to be published. */
export interface ExtendedChain {
  readonly chain: VerifiedChain;
  readonly statement: SignedStatement;
}

/** Start an account's identity chain with its first device. */
export async function createChain(
  primitives: Primitives,
  handle: Handle,
  secrets: DeviceSecrets,
  day: number,
): Promise<ExtendedChain> {
  const device = await certifyDevice(primitives, handle, secrets);
  const statement = await sign(primitives, secrets, {
    index: 0,
    previous: new Uint8Array(32),
    day,
    body: { kind: "create", handle, device },
  });
  return { chain: await verifyChain(primitives, handle, [statement]), statement };
}

/** Certify a further device of the account.
 *  @throws BullaError identity/bad-chain when the signing device may not */
export async function addDevice(
  primitives: Primitives,
  chain: VerifiedChain,
  secrets: DeviceSecrets,
  device: DeviceCertificate,
  day: number,
): Promise<ExtendedChain> {
  return extend(primitives, chain, secrets, { kind: "addDevice", device }, day);
}

/** Suspend a device of the account from here on.
 *  @throws BullaError identity/bad-chain when there is no such active device, or it is the last one */
export async function revokeDevice(
  primitives: Primitives,
  chain: VerifiedChain,
  secrets: DeviceSecrets,
  deviceId: Uint8Array,
  day: number,
): Promise<ExtendedChain> {
  return extend(primitives, chain, secrets, { kind: "revokeDevice", deviceId }, day);
}

async function extend(
  primitives: Primitives,
  chain: VerifiedChain,
  secrets: DeviceSecrets,
  body: StatementBody,
  day: number,
): Promise<ExtendedChain> {
  const previous = chain.hashes.at(-1) ?? new Uint8Array(32);
  const statement = await sign(primitives, secrets, { index: chain.position, previous, day, body });
  return { chain: await extendChain(primitives, chain, statement), statement };
}

interface Unsigned {
  readonly index: number;
  readonly previous: Uint8Array;
  readonly day: number;
  readonly body: StatementBody;
}

async function sign(primitives: Primitives, secrets: DeviceSecrets, unsigned: Unsigned): Promise<SignedStatement> {
  const statement = encode(statementCodec, { version: 1, ...unsigned });
  const signature = await primitives.signEd25519(secrets.chainSeed, statementSigningBytes(statement, secrets.deviceId));
  return { statement, signer: secrets.deviceId, signature };
}
