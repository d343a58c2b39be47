import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { shake256 as nobleShake256, sha3_256 } from "@noble/hashes/sha3.js";
import type { HashName } from "../../suite/algorithms.ts";

const hashes = { sha256, sha512, "sha3-256": sha3_256 } as const;

/** Hash of the parts one after the other. WebCrypto's digest is asynchronous, and core hashes where it cannot wait. */
export function digest(hash: HashName | "sha3-256", ...parts: readonly Uint8Array[]): Uint8Array {
  const running = hashes[hash].create();
  for (const part of parts) running.update(part);
  return running.digest();
}

export function shake256(input: Uint8Array, length: number): Uint8Array {
  return nobleShake256(input, { dkLen: length });
}
