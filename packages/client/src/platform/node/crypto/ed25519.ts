import { sign, verify } from "node:crypto";
import { KeyCache } from "./key-cache.ts";
import { plainBytes } from "./plain-bytes.ts";
import { ed25519Keys, exportPublicKey, importPrivateKey, importPublicKey } from "./raw-keys.ts";

/** RFC 8032 Ed25519 with 32-byte seeds and 32-byte public keys. */
export interface Ed25519 {
  /** @throws BullaError core/bad-key – the seed is not 32 bytes */
  publicKey(seed: Uint8Array): Uint8Array;
  /** @throws BullaError core/bad-key – the seed is not 32 bytes */
  sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** False for anything that is not a valid signature, also for a malformed key. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

const signatureBytes = 64;

/** Keeps at most 16 imported seeds for at most a minute after the last use, and 4096 public keys for ten. */
export function createEd25519(): Ed25519 {
  const seeds = new KeyCache((raw) => importPrivateKey(ed25519Keys, raw), { maxKeys: 16, idleMilliseconds: 60_000 });
  const publicKeys = new KeyCache((raw) => importPublicKey(ed25519Keys, raw), {
    maxKeys: 4096,
    idleMilliseconds: 600_000,
  });
  return {
    publicKey(seed: Uint8Array): Uint8Array {
      return exportPublicKey(ed25519Keys, seeds.get(seed));
    },
    sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
      return plainBytes(sign(null, message, seeds.get(seed)));
    },
    verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
      if (publicKey.length !== ed25519Keys.publicBytes || signature.length !== signatureBytes) return false;
      try {
        return verify(null, message, publicKeys.get(publicKey), signature);
      } catch {
        return false;
      }
    },
  };
}
