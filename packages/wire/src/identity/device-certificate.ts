import { concatBytes, utf8 } from "../encoding/bytes.ts";
import { bytes, type Codec, type CodecValue, encode, struct } from "../encoding/codec.ts";
import type { Handle } from "../handle.ts";
import { labelBytes } from "../labels.ts";
import type { Verifier } from "../verifier.ts";

/** One device's public keys, each for one purpose. */
const deviceKeysShape = struct({
  /** Random, never reused within an account; says nothing about the device. */
  deviceId: bytes(16),
  /** Ed25519: signs statements of the identity chain. */
  chainKey: bytes(32),
  /** Ed25519: signs records, closing records, openings, envelopes and receipts. */
  recordKey: bytes(32),
  /** Ed25519: signs HTTP requests (RFC 9421). */
  requestKey: bytes(32),
  /** Ed25519: signature key of the MLS leaf. */
  leafKey: bytes(32),
  /** X-Wing: opens envelopes of the device's inbox. */
  inboxKey: bytes(1216),
});

export type DeviceKeys = CodecValue<typeof deviceKeysShape>;
export const deviceKeysCodec: Codec<DeviceKeys> = deviceKeysShape;

const certificateShape = struct({
  keys: deviceKeysCodec,
  /** Signatures by chain, record, request and leaf key over the keys and the handle: nobody certifies a key that the device does not hold. */
  possession: struct({ chain: bytes(64), record: bytes(64), request: bytes(64), leaf: bytes(64) }),
});

export type DeviceCertificate = CodecValue<typeof certificateShape>;
export const deviceCertificateCodec: Codec<DeviceCertificate> = certificateShape;

/** What each of a new device's keys signs. */
export function possessionBytes(handle: Handle, keys: DeviceKeys): Uint8Array {
  return concatBytes(labelBytes("keyPossession"), utf8(handle), Uint8Array.of(0), encode(deviceKeysCodec, keys));
}

export async function verifyPossession(
  verifier: Verifier,
  handle: Handle,
  { keys, possession }: DeviceCertificate,
): Promise<boolean> {
  const message = possessionBytes(handle, keys);
  const checks = await Promise.all([
    verifier.verifyEd25519(keys.chainKey, message, possession.chain),
    verifier.verifyEd25519(keys.recordKey, message, possession.record),
    verifier.verifyEd25519(keys.requestKey, message, possession.request),
    verifier.verifyEd25519(keys.leafKey, message, possession.leaf),
  ]);
  return checks.every(Boolean);
}
