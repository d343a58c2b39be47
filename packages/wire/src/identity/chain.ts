import { equalBytes, hexOf } from "../encoding/bytes.ts";
import { bytes, type Codec, type CodecValue, decode, struct, uint } from "../encoding/codec.ts";
import { BullaError } from "../errors.ts";
import type { Handle } from "../handle.ts";
import { limits } from "../limits.ts";
import type { Verifier } from "../verifier.ts";
import { type DeviceCertificate, type DeviceKeys, verifyPossession } from "./device-certificate.ts";
import {
  createFingerprint,
  type SignedStatement,
  type Statement,
  statementCodec,
  statementHash,
  statementSigningBytes,
} from "./statement.ts";

/** A device as the chain certifies it. Positions count statements: a device added by the statement at index i is active from position i + 1. */
export interface ChainDevice {
  readonly keys: DeviceKeys;
  readonly activeFrom: number;
  readonly suspendedFrom: number | undefined;
}

/** A chain whose every link was checked. */
export interface VerifiedChain {
  readonly handle: Handle;
  /** Number of statements. */
  readonly position: number;
  /** Hash of the link that ends at position i + 1. */
  readonly hashes: readonly Uint8Array[];
  /** By device id in hex. */
  readonly devices: ReadonlyMap<string, ChainDevice>;
  readonly createFingerprint: Uint8Array;
  readonly statements: readonly SignedStatement[];
}

const pinShape = struct({ position: uint(limits.maxChainStatements), hash: bytes(32) });
/** A place in a chain: that many statements, the last of them with that hash. */
export type ChainPin = CodecValue<typeof pinShape>;
export const chainPinCodec: Codec<ChainPin> = pinShape;

/** Check a whole chain, or go on from one that was checked before.
 *  @throws BullaError identity/bad-chain, identity/bad-signature, identity/unsupported-statement, wire/malformed */
export async function verifyChain(
  verifier: Verifier,
  handle: Handle,
  statements: readonly SignedStatement[],
): Promise<VerifiedChain> {
  const first = statements[0];
  if (first === undefined) throw badChain("it is empty");
  if (statements.length > limits.maxChainStatements) throw badChain("it is too long");
  let chain: VerifiedChain = {
    handle,
    position: 0,
    hashes: [],
    devices: new Map(),
    createFingerprint: createFingerprint(verifier, first),
    statements: [],
  };
  for (const signed of statements) chain = await extendChain(verifier, chain, signed);
  return chain;
}

/** Check one more link. */
export async function extendChain(
  verifier: Verifier,
  chain: VerifiedChain,
  signed: SignedStatement,
): Promise<VerifiedChain> {
  const statement = decode(statementCodec, signed.statement, { maxBytes: limits.maxStatementBytes });
  if (statement.index !== chain.position) throw badChain("a link has the wrong index");
  if (!equalBytes(statement.previous, chain.hashes.at(-1) ?? new Uint8Array(32)))
    throw badChain("a link does not follow the one before");
  const devices = await applyBody(verifier, chain, statement, signed);
  return {
    ...chain,
    position: chain.position + 1,
    hashes: [...chain.hashes, statementHash(verifier, signed)],
    devices,
    statements: [...chain.statements, signed],
  };
}

/** The device, if the chain had it active at that position. */
export function activeDevice(
  chain: VerifiedChain,
  deviceId: Uint8Array,
  position: number = chain.position,
): ChainDevice | undefined {
  const device = chain.devices.get(hexOf(deviceId));
  if (device === undefined || position > chain.position || position < device.activeFrom) return undefined;
  return device.suspendedFrom !== undefined && position >= device.suspendedFrom ? undefined : device;
}

/** Devices active at that position, in the order in which they were added. */
export function activeDevices(chain: VerifiedChain, position: number = chain.position): readonly ChainDevice[] {
  return [...chain.devices.values()].filter(
    (device) => activeDevice(chain, device.keys.deviceId, position) !== undefined,
  );
}

export function pinOf(chain: VerifiedChain, position: number = chain.position): ChainPin {
  const hash = chain.hashes[position - 1];
  if (hash === undefined) throw badChain("it has no such position");
  return { position, hash };
}

/** Refuse a chain that is shorter than, or differs from, what was seen before.
 *  @throws BullaError identity/chain-shortened, identity/pin-mismatch */
export function checkPin(chain: VerifiedChain, pin: ChainPin): void {
  if (chain.position < pin.position) {
    throw new BullaError(
      "identity/chain-shortened",
      `identity chain has ${chain.position} links, ${pin.position} were seen before`,
      {
        hint: "the service shows an older identity than before; nothing was sent. Try later, and ask the person if it stays so",
      },
    );
  }
  const hash = chain.hashes[pin.position - 1];
  if (hash === undefined || !equalBytes(hash, pin.hash)) {
    throw new BullaError("identity/pin-mismatch", "identity chain differs from the one seen before", {
      hint: "the service shows a different identity for this person than before; nothing was sent. Ask the person another way",
    });
  }
}

const badChain = (what: string): BullaError => new BullaError("identity/bad-chain", `identity chain refused: ${what}`);

async function applyBody(
  verifier: Verifier,
  chain: VerifiedChain,
  statement: Statement,
  signed: SignedStatement,
): Promise<Map<string, ChainDevice>> {
  const { body } = statement;
  if (body.kind === "setRecovery" || body.kind === "reset") {
    throw new BullaError("identity/unsupported-statement", "identity chain holds a statement of a newer version", {
      hint: "update bulla, then try again",
    });
  }
  if ((body.kind === "create") !== (chain.position === 0))
    throw badChain("create is the first link and only the first");
  if (body.kind === "create") {
    if (body.handle !== chain.handle) throw badChain("it belongs to another handle");
    if (!equalBytes(body.device.keys.deviceId, signed.signer))
      throw badChain("the first link is not signed by its own device");
    await checkSignature(verifier, body.device.keys.chainKey, signed);
    return addDevice(verifier, chain, body.device);
  }
  const signer = activeDevice(chain, signed.signer);
  if (signer === undefined) throw badChain("a link is signed by a device that is not active");
  await checkSignature(verifier, signer.keys.chainKey, signed);
  return body.kind === "addDevice" ? addDevice(verifier, chain, body.device) : suspendDevice(chain, body.deviceId);
}

async function checkSignature(verifier: Verifier, key: Uint8Array, signed: SignedStatement): Promise<void> {
  if (!(await verifier.verifyEd25519(key, statementSigningBytes(signed.statement, signed.signer), signed.signature))) {
    throw new BullaError("identity/bad-signature", "identity chain refused: a link's signature is wrong");
  }
}

async function addDevice(
  verifier: Verifier,
  chain: VerifiedChain,
  certificate: DeviceCertificate,
): Promise<Map<string, ChainDevice>> {
  const { keys } = certificate;
  const known = [...chain.devices.values()];
  if (activeDevices(chain).length >= limits.maxDevicesPerAccount) throw badChain("too many devices");
  const fresh = keysOf(keys);
  if (new Set(fresh.map(hexOf)).size !== fresh.length) throw badChain("a device uses one key twice");
  const used = new Set(known.flatMap((device) => keysOf(device.keys)).map(hexOf));
  if (fresh.some((key) => used.has(hexOf(key)))) throw badChain("a device id or key was used before");
  if (!(await verifyPossession(verifier, chain.handle, certificate))) {
    throw new BullaError("identity/bad-signature", "identity chain refused: a device does not prove its keys");
  }
  return new Map(chain.devices).set(hexOf(keys.deviceId), {
    keys,
    activeFrom: chain.position + 1,
    suspendedFrom: undefined,
  });
}

function keysOf(keys: DeviceKeys): readonly Uint8Array[] {
  return [keys.deviceId, keys.chainKey, keys.recordKey, keys.requestKey, keys.leafKey, keys.inboxKey];
}

function suspendDevice(chain: VerifiedChain, deviceId: Uint8Array): Map<string, ChainDevice> {
  const device = activeDevice(chain, deviceId);
  if (device === undefined) throw badChain("it revokes a device that is not active");
  if (activeDevices(chain).length === 1) throw badChain("it revokes the last device");
  return new Map(chain.devices).set(hexOf(deviceId), { ...device, suspendedFrom: chain.position + 1 });
}
