import { createHash, hash as hashOnce } from "node:crypto";
import { plainBytes } from "./plain-bytes.ts";

/** The two hashes that suites are built on, by node:crypto's names. */
export type HashName = "sha256" | "sha512";

export const hashBytes: Readonly<Record<HashName, number>> = { sha256: 32, sha512: 64 };

/** Hash of the parts one after the other, without joining them in memory. */
export function digest(hash: HashName | "sha3-256", ...parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return plainBytes(hashOnce(hash, only, "buffer"));
  const running = createHash(hash);
  for (const part of parts) running.update(part);
  return plainBytes(running.digest());
}

export function shake256(input: Uint8Array, length: number): Uint8Array {
  return plainBytes(createHash("shake256", { outputLength: length }).update(input).digest());
}
