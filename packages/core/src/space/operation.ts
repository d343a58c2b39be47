import { concatBytes, labelBytes, limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  list,
  struct,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { chainPinCodec, handleCodec } from "@bulla/wire/identity";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { policyCodec, roleCodec } from "./constitution.ts";
import { type MemberDevice, memberDeviceCodec } from "./member-device.ts";

const deviceList = list(bytes(16), limits.maxDevicesPerAccount);

const bodyShape = variant({
  addMember: [1, struct({ handle: handleCodec, role: roleCodec, pin: chainPinCodec, devices: deviceList })],
  removeMember: [2, struct({ handle: handleCodec })],
  /** Signed by the leaving account; `since` keeps it from being used again after a return. */
  leave: [3, struct({ handle: handleCodec, since: uint() })],
  setRole: [4, struct({ handle: handleCodec, role: roleCodec })],
  /** A member's devices as of a newer place in its chain. */
  setDevices: [5, struct({ handle: handleCodec, pin: chainPinCodec, devices: deviceList })],
  setPolicy: [6, struct({ policy: policyCodec })],
});
export type OperationBody = CodecValue<typeof bodyShape>;

const operationShape = struct({
  version: version(1),
  space: bytes(16),
  /** Hash of the constitution that it changes; 32 zero bytes in a `leave`, which may wait for a committer. */
  basis: bytes(32),
  body: bodyShape,
});
export type Operation = CodecValue<typeof operationShape>;
const operationCodec: Codec<Operation> = operationShape;

const signedShape = struct({
  operation: bytes({ min: 1, max: 8192 }),
  signatures: list(struct({ device: memberDeviceCodec, signature: bytes(64) }), 16),
});
/** An operation and the devices that approve it. */
export type SignedOperation = CodecValue<typeof signedShape>;

const operationsCodec: Codec<readonly SignedOperation[]> = list(signedShape, 2 * limits.maxMembers);

export function encodeOperations(operations: readonly SignedOperation[]): Uint8Array {
  return encode(operationsCodec, operations);
}

/** @throws BullaError wire/malformed, wire/too-large */
export function decodeOperations(input: Uint8Array): readonly SignedOperation[] {
  return decode(operationsCodec, input, { maxBytes: 4 * 1024 * 1024, maxDepth: 10 });
}

/** @throws BullaError wire/malformed */
export function decodeOperation(signed: SignedOperation): Operation {
  return decode(operationCodec, signed.operation, { maxBytes: 8192 });
}

export function operationSigningBytes(operation: Uint8Array, signer: MemberDevice): Uint8Array {
  return concatBytes(labelBytes("operation"), encode(memberDeviceCodec, signer), operation);
}

export async function signOperation(
  primitives: Primitives,
  signer: MemberDevice,
  secrets: DeviceSecrets,
  operation: Operation,
): Promise<SignedOperation> {
  const encoded = encode(operationCodec, operation);
  const signature = await primitives.signEd25519(secrets.recordSeed, operationSigningBytes(encoded, signer));
  return { operation: encoded, signatures: [{ device: signer, signature }] };
}

/** Add one more approval. */
export async function approveOperation(
  primitives: Primitives,
  signer: MemberDevice,
  secrets: DeviceSecrets,
  signed: SignedOperation,
): Promise<SignedOperation> {
  const signature = await primitives.signEd25519(secrets.recordSeed, operationSigningBytes(signed.operation, signer));
  return { ...signed, signatures: [...signed.signatures, { device: signer, signature }] };
}
