import { BullaError, equalBytes } from "@bulla/wire";
import { bytes, type Codec, type CodecValue, decode, encode, struct, version } from "@bulla/wire/encoding";
import type { ChainDevice } from "@bulla/wire/identity";
import type * as mls from "ts-mls";
import { encodeMlsMessage } from "ts-mls";
import { makeKeyPackageRef, verifyKeyPackage } from "ts-mls/keyPackage.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { capabilities, generateKeyPackage, isAble, type KeyPackagePair } from "./group.ts";
import { leafOf } from "./leaf.ts";
import { type MemberDevice, sameDevice } from "./member-device.ts";
import { decodeExactly } from "./mls-message.ts";

const pairShape = struct({
  version: version(1),
  publicPackage: bytes({ min: 1, max: 16384 }),
  initPrivateKey: bytes({ max: 64 }),
  hpkePrivateKey: bytes({ max: 64 }),
});
type StoredPair = CodecValue<typeof pairShape>;
const pairCodec: Codec<StoredPair> = pairShape;

/** A KeyPackage of this device: what goes to the directory, and what stays here until it is used. */
export interface CreatedKeyPackage {
  /** KeyPackageRef, RFC 9420 §5.2. */
  readonly reference: Uint8Array;
  readonly publicPackage: Uint8Array;
  /** For the sealed local store only; deleted when it was used to join. */
  readonly privatePackage: Uint8Array;
}

const lifetimeSeconds = 90n * 86_400n;

/** Make a KeyPackage. `day` is today in UTC days: times finer than a day do not leave the device. */
export async function createKeyPackage(
  primitives: Primitives,
  device: MemberDevice,
  secrets: DeviceSecrets,
  day: number,
): Promise<CreatedKeyPackage> {
  const notBefore = BigInt(day - 1) * 86_400n;
  const pair = await generateKeyPackage(primitives, device, secrets, {
    notBefore,
    notAfter: notBefore + lifetimeSeconds,
  });
  const publicPackage = encodeKeyPackageMessage(pair.publicPackage);
  const { initPrivateKey, hpkePrivateKey } = pair.privatePackage;
  return {
    reference: await makeKeyPackageRef(pair.publicPackage, primitives.mls.hash),
    publicPackage,
    privatePackage: encode(pairCodec, { version: 1, publicPackage, initPrivateKey, hpkePrivateKey }),
  };
}

/** @throws BullaError wire/malformed */
export function decodeKeyPackagePair(input: Uint8Array, secrets: DeviceSecrets): KeyPackagePair {
  const { publicPackage, initPrivateKey, hpkePrivateKey } = decode(pairCodec, input, { maxBytes: 32768 });
  return {
    publicPackage: decodeKeyPackage(publicPackage),
    privatePackage: { initPrivateKey, hpkePrivateKey, signaturePrivateKey: secrets.leafSeed },
  };
}

/** Check a KeyPackage that the directory handed out: signatures, suite, credential, certified leaf key, lifetime.
 *  @throws BullaError contact/no-device */
export async function verifyClaimedPackage(
  primitives: Primitives,
  input: Uint8Array,
  device: MemberDevice,
  certified: ChainDevice,
  day: number,
): Promise<mls.KeyPackage> {
  const refused = (why: string): BullaError =>
    new BullaError("contact/no-device", `published keys of a device refused: ${why}`, {
      hint: "the service may have mixed them up; ask the person to sign in once, then try again",
    });
  const keyPackage = decodeKeyPackage(input);
  const { leafNode } = keyPackage;
  const leaf = leafOf(leafNode, 0);
  if (keyPackage.cipherSuite !== capabilities().ciphersuites[0] || keyPackage.version !== "mls10")
    throw refused("they are of another suite");
  if (!sameDevice(leaf.device, device)) throw refused("they belong to another device");
  if (!equalBytes(leaf.signatureKey, certified.keys.leafKey)) throw refused("the device did not certify them");
  if (leafNode.extensions.length > 0 || keyPackage.extensions.length > 0) throw refused("they carry extensions");
  if (!isAble(leafNode.capabilities)) throw refused("they are not able to do what a space needs");
  if (
    !(await verifyKeyPackage(keyPackage, primitives.mls.signature)) ||
    !(await verifyLeafNodeSignatureKeyPackage(leafNode, primitives.mls.signature))
  )
    throw refused("a signature is wrong");
  const seconds = BigInt(day) * 86_400n;
  // The library looks at the machine's clock when it adds them, and takes nothing at the second in which they end.
  const { notBefore, notAfter } = leafNode.lifetime;
  if (notAfter <= seconds || notBefore > seconds)
    throw new BullaError(
      "contact/no-device",
      `published keys of a device refused: ${notBefore > seconds ? "they are not valid yet" : "they have expired"}`,
      { hint: "check the date of this machine; if it is right, ask the person to run bulla once, then try again" },
    );
  return keyPackage;
}

export async function keyPackageReference(primitives: Primitives, keyPackage: mls.KeyPackage): Promise<Uint8Array> {
  return makeKeyPackageRef(keyPackage, primitives.mls.hash);
}

function encodeKeyPackageMessage(keyPackage: mls.KeyPackage): Uint8Array {
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
}

function decodeKeyPackage(input: Uint8Array): mls.KeyPackage {
  const message = decodeExactly(input);
  if (message.wireformat !== "mls_key_package")
    throw new BullaError("wire/malformed", "malformed item: not a KeyPackage");
  return message.keyPackage;
}
