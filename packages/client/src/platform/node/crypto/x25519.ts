import { diffieHellman, type KeyObject } from "node:crypto";
import { BullaError } from "@bulla/wire";
import type { X25519 } from "../../suite/parts.ts";
import { plainBytes } from "./plain-bytes.ts";
import { exportPublicKey, importPrivateKey, importPublicKey, x25519Keys } from "./raw-keys.ts";

export const x25519: X25519<KeyObject, KeyObject> = {
  importPublic: (raw) => importPublicKey(x25519Keys, raw),
  importPrivate: (raw) => importPrivateKey(x25519Keys, raw),
  rawPublic: (key) => exportPublicKey(x25519Keys, key),
  sharedSecret(privateKey: KeyObject, publicKey: KeyObject): Uint8Array {
    let shared: Buffer;
    try {
      shared = diffieHellman({ privateKey, publicKey });
    } catch (cause) {
      throw new BullaError("core/bad-key", "that X25519 public key has a small order", { cause });
    }
    return plainBytes(shared);
  },
};
