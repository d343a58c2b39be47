import { createHash, createPublicKey, type KeyObject, verify } from "node:crypto";
import type { Verifier } from "@bulla/wire";

/** SHA-256 as plain bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** Checking by node:crypto; signatures are checked off the main thread. No secret passes through it. */
export const nodeVerifier: Verifier = {
  sha256,
  verifyEd25519(publicKey, message, signature) {
    const key = importKey(publicKey);
    if (key === undefined || signature.length !== 64) return Promise.resolve(false);
    return new Promise((resolve) =>
      verify(null, message, key, signature, (error, valid) => resolve(error === null && valid)),
    );
  },
};

/** RFC 8032 Ed25519, at once: for a stream proof, whose outcome the next frame of the connection needs. */
export function verifyEd25519Now(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const key = importKey(publicKey);
  return key !== undefined && signature.length === 64 && verify(null, message, key, signature);
}

// RFC 8410 §4: what DER puts before the 32 bytes of a public key.
const ed25519Prefix = Buffer.from("302a300506032b6570032100", "hex");

function importKey(raw: Uint8Array): KeyObject | undefined {
  if (raw.length !== 32) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([ed25519Prefix, raw]), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
