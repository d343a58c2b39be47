import type { Handle } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, struct, version } from "@bulla/wire/encoding";
import { type DeviceCertificate, type DeviceKeys, possessionBytes } from "@bulla/wire/identity";
import type { Primitives } from "../primitives.ts";

const shape = struct({
  version: version(1),
  deviceId: bytes(16),
  chainSeed: bytes(32),
  recordSeed: bytes(32),
  requestSeed: bytes(32),
  leafSeed: bytes(32),
  inboxSeed: bytes(32),
});

/** A device's private keys, one per purpose. They never leave the device. */
export type DeviceSecrets = CodecValue<typeof shape>;
const codec: Codec<DeviceSecrets> = shape;

export function createDeviceSecrets({ random }: Primitives): DeviceSecrets {
  return {
    version: 1,
    deviceId: random(16),
    chainSeed: random(32),
    recordSeed: random(32),
    requestSeed: random(32),
    leafSeed: random(32),
    inboxSeed: random(32),
  };
}

/** For the sealed local store only. */
export function encodeDeviceSecrets(secrets: DeviceSecrets): Uint8Array {
  return encode(codec, secrets);
}

/** @throws BullaError wire/malformed */
export function decodeDeviceSecrets(input: Uint8Array): DeviceSecrets {
  return decode(codec, input, { maxBytes: 512 });
}

export async function deviceKeysOf(primitives: Primitives, secrets: DeviceSecrets): Promise<DeviceKeys> {
  return {
    deviceId: secrets.deviceId,
    chainKey: primitives.ed25519PublicKey(secrets.chainSeed),
    recordKey: primitives.ed25519PublicKey(secrets.recordSeed),
    requestKey: primitives.ed25519PublicKey(secrets.requestSeed),
    leafKey: primitives.ed25519PublicKey(secrets.leafSeed),
    inboxKey: await primitives.xwingPublicKey(secrets.inboxSeed),
  };
}

/** The device's keys with a proof that it holds each of them, for one account only. */
export async function certifyDevice(
  primitives: Primitives,
  handle: Handle,
  secrets: DeviceSecrets,
): Promise<DeviceCertificate> {
  const keys = await deviceKeysOf(primitives, secrets);
  const message = possessionBytes(handle, keys);
  const [chain, record, request, leaf] = await Promise.all([
    primitives.signEd25519(secrets.chainSeed, message),
    primitives.signEd25519(secrets.recordSeed, message),
    primitives.signEd25519(secrets.requestSeed, message),
    primitives.signEd25519(secrets.leafSeed, message),
  ]);
  return { keys, possession: { chain, record, request, leaf } };
}

/** Overwrite what can be overwritten. */
export function wipeDeviceSecrets(secrets: DeviceSecrets): void {
  for (const seed of [secrets.chainSeed, secrets.recordSeed, secrets.requestSeed, secrets.leafSeed, secrets.inboxSeed])
    seed.fill(0);
}
