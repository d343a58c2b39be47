import { BullaError } from "@bulla/wire";
import { x25519 as noble } from "@noble/curves/ed25519.js";
import { checkLength } from "../../suite/algorithms.ts";
import { type X25519, x25519KeyBytes } from "../../suite/parts.ts";

/** Keys are raw bytes: there is nothing to import. */
export const x25519: X25519<Uint8Array, Uint8Array> = {
  importPublic: (raw) => checked("X25519 public key", raw),
  importPrivate: (raw) => checked("X25519 private key", raw),
  rawPublic: (key) => noble.getPublicKey(key),
  sharedSecret(mine: Uint8Array, theirs: Uint8Array): Uint8Array {
    try {
      return noble.getSharedSecret(mine, theirs);
    } catch (cause) {
      throw new BullaError("core/bad-key", "that X25519 public key has a small order", { cause });
    }
  },
};

// A copy, as an imported key is: callers wipe what they imported.
function checked(what: string, raw: Uint8Array): Uint8Array {
  checkLength(what, raw, x25519KeyBytes);
  return raw.slice();
}
