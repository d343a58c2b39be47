import { concatBytes } from "@bulla/wire";
import { ed25519 } from "@noble/curves/ed25519.js";
import { checkLength } from "../../suite/algorithms.ts";
import { KeyCache } from "../../suite/key-cache.ts";
import { type Ed25519, ed25519KeyBytes, ed25519SignatureBytes } from "../../suite/parts.ts";
import { digest } from "./hash.ts";
import { webBytes } from "./web-bytes.ts";

/** What RFC 8410 puts before a raw seed in PKCS #8. */
const pkcs8Prefix = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

/** Signing and verifying are WebCrypto's, because the library that computes public keys here verifies with the cofactor: it accepts
 *  signatures that Node refuses. Keeps at most 16 imported seeds for at most a minute after the last use, and 4096 public keys for ten. */
export function createEd25519(): Ed25519 {
  const nameOf = (raw: Uint8Array): Uint8Array => digest("sha256", raw);
  const seeds = new KeyCache(importSeed, { maxKeys: 16, idleMilliseconds: 60_000, nameOf });
  const publicKeys = new KeyCache(importPublicKey, { maxKeys: 4096, idleMilliseconds: 600_000, nameOf });
  return {
    publicKey(seed: Uint8Array): Uint8Array {
      checkLength("Ed25519 private key", seed, ed25519KeyBytes);
      return ed25519.getPublicKey(seed);
    },
    async sign(seed: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
      checkLength("Ed25519 private key", seed, ed25519KeyBytes);
      const input = webBytes(message.slice());
      return new Uint8Array(await crypto.subtle.sign("Ed25519", await seeds.get(seed), input));
    },
    async verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
      if (publicKey.length !== ed25519KeyBytes || signature.length !== ed25519SignatureBytes) return false;
      const [input, given] = [webBytes(message.slice()), webBytes(signature.slice())];
      const key = await publicKeys.get(publicKey);
      return key !== undefined && crypto.subtle.verify("Ed25519", key, given, input);
    },
  };
}

async function importSeed(seed: Uint8Array): Promise<CryptoKey> {
  const der = concatBytes(pkcs8Prefix, seed);
  const importing = crypto.subtle.importKey("pkcs8", webBytes(der), "Ed25519", false, ["sign"]);
  der.fill(0);
  return importing;
}

async function importPublicKey(raw: Uint8Array): Promise<CryptoKey | undefined> {
  if (!isUsablePoint(raw)) return undefined;
  try {
    return await crypto.subtle.importKey("raw", webBytes(raw), "Ed25519", false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "DataError") return undefined;
    throw error;
  }
}

// Browsers differ on public keys of small order, under which one signature fits many messages; Node refuses them all.
function isUsablePoint(raw: Uint8Array): boolean {
  try {
    return !ed25519.Point.fromBytes(raw, true).isSmallOrder();
  } catch {
    return false;
  }
}
