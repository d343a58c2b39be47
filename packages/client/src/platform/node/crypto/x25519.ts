import { diffieHellman, type KeyObject } from "node:crypto";
import { BullaError } from "@bulla/wire";
import { plainBytes } from "./plain-bytes.ts";

/** RFC 7748 X25519.
 *  @throws BullaError core/bad-key – a public key of small order, whose shared secret everybody knows (RFC 9180 §7.1.4) */
export function x25519SharedSecret(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
  let shared: Buffer;
  try {
    shared = diffieHellman({ privateKey, publicKey });
  } catch (cause) {
    throw new BullaError("core/bad-key", "that X25519 public key has a small order", { cause });
  }
  return plainBytes(shared);
}
