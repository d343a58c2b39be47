import { sign, verify } from "node:crypto";
import { KeyCache } from "../../suite/key-cache.ts";
import { type Ed25519, ed25519SignatureBytes } from "../../suite/parts.ts";
import { digest } from "./hash.ts";
import { plainBytes } from "./plain-bytes.ts";
import { ed25519Keys, exportPublicKey, importPrivateKey, importPublicKey } from "./raw-keys.ts";

/** Keeps at most 16 imported seeds for at most a minute after the last use, and 4096 public keys for ten. */
export function createEd25519(): Ed25519 {
  const nameOf = (raw: Uint8Array): Uint8Array => digest("sha256", raw);
  const seeds = new KeyCache((raw) => importPrivateKey(ed25519Keys, raw), {
    maxKeys: 16,
    idleMilliseconds: 60_000,
    nameOf,
  });
  const publicKeys = new KeyCache((raw) => importPublicKey(ed25519Keys, raw), {
    maxKeys: 4096,
    idleMilliseconds: 600_000,
    nameOf,
  });
  return {
    publicKey(seed: Uint8Array): Uint8Array {
      return exportPublicKey(ed25519Keys, seeds.get(seed));
    },
    sign(seed: Uint8Array, message: Uint8Array): Uint8Array {
      return plainBytes(sign(null, message, seeds.get(seed)));
    },
    verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
      if (publicKey.length !== ed25519Keys.publicBytes || signature.length !== ed25519SignatureBytes) return false;
      try {
        return verify(null, message, publicKeys.get(publicKey), signature);
      } catch {
        return false;
      }
    },
  };
}
