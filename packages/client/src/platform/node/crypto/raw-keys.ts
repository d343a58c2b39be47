import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { BullaError, concatBytes } from "@bulla/wire";
import { checkLength } from "../../suite/algorithms.ts";
import { ed25519KeyBytes, mlKem768PublicBytes, mlKem768SeedBytes, x25519KeyBytes } from "../../suite/parts.ts";
import { plainBytes } from "./plain-bytes.ts";

/** One algorithm whose keys travel raw: what DER puts before them, RFC 8410 and RFC 9935. */
export interface RawKeyFormat {
  readonly name: string;
  readonly publicBytes: number;
  readonly privateBytes: number;
  readonly publicPrefix: Uint8Array;
  readonly privatePrefix: Uint8Array;
}

export const ed25519Keys: RawKeyFormat = {
  name: "Ed25519",
  publicBytes: ed25519KeyBytes,
  privateBytes: ed25519KeyBytes,
  publicPrefix: Buffer.from("302a300506032b6570032100", "hex"),
  privatePrefix: Buffer.from("302e020100300506032b657004220420", "hex"),
};

export const x25519Keys: RawKeyFormat = {
  name: "X25519",
  publicBytes: x25519KeyBytes,
  privateBytes: x25519KeyBytes,
  publicPrefix: Buffer.from("302a300506032b656e032100", "hex"),
  privatePrefix: Buffer.from("302e020100300506032b656e04220420", "hex"),
};

/** The private key is the 64-byte seed d ‖ z. */
export const mlKem768Keys: RawKeyFormat = {
  name: "ML-KEM-768",
  publicBytes: mlKem768PublicBytes,
  privateBytes: mlKem768SeedBytes,
  publicPrefix: Buffer.from("308204b2300b0609608648016503040402038204a100", "hex"),
  privatePrefix: Buffer.from("3054020100300b060960864801650304040204428040", "hex"),
};

/** @throws BullaError core/bad-key – wrong length, or not a key of this algorithm */
export function importPublicKey(format: RawKeyFormat, raw: Uint8Array): KeyObject {
  checkLength(`${format.name} public key`, raw, format.publicBytes);
  try {
    return createPublicKey({ key: Buffer.concat([format.publicPrefix, raw]), format: "der", type: "spki" });
  } catch (cause) {
    throw new BullaError("core/bad-key", `that is not an ${format.name} public key`, { cause });
  }
}

/** @throws BullaError core/bad-key – wrong length */
export function importPrivateKey(format: RawKeyFormat, raw: Uint8Array): KeyObject {
  checkLength(`${format.name} private key`, raw, format.privateBytes);
  const der = concatBytes(format.privatePrefix, raw);
  const key = createPrivateKey({ key: Buffer.from(der.buffer), format: "der", type: "pkcs8" });
  der.fill(0);
  return key;
}

/** Raw public key of a private or public key object. */
export function exportPublicKey(format: RawKeyFormat, key: KeyObject): Uint8Array {
  const publicKey = key.type === "public" ? key : createPublicKey(key);
  return plainBytes(publicKey.export({ format: "der", type: "spki" }).subarray(-format.publicBytes));
}
