import { equalBytes, type Handle, hexOf } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, struct } from "@bulla/wire/encoding";
import { handleCodec } from "@bulla/wire/identity";

const shape = struct({ handle: handleCodec, deviceId: bytes(16) });

/** One device of one member: the identity of an MLS leaf and the author of a record. */
export type MemberDevice = CodecValue<typeof shape>;
export const memberDeviceCodec: Codec<MemberDevice> = shape;

export function sameDevice(a: MemberDevice, b: MemberDevice): boolean {
  return a.handle === b.handle && equalBytes(a.deviceId, b.deviceId);
}

/** A key for maps and stores. */
export function deviceName({ handle, deviceId }: { readonly handle: Handle; readonly deviceId: Uint8Array }): string {
  return `${hexOf(deviceId)}/${handle}`;
}

/** The identity of a basic credential, RFC 9420 §5.3. */
export function encodeIdentity(device: MemberDevice): Uint8Array {
  return encode(memberDeviceCodec, device);
}

/** @throws BullaError wire/malformed */
export function decodeIdentity(identity: Uint8Array): MemberDevice {
  return decode(memberDeviceCodec, identity, { maxBytes: 512 });
}
