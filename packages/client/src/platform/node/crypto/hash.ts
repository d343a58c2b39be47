import { createHash, hash as hashOnce } from "node:crypto";
import type { HashName } from "../../suite/algorithms.ts";
import { plainBytes } from "./plain-bytes.ts";

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
