import type { Primitives, Random } from "@bulla/core";
import { createSuite, type MlsSuiteName, type SuiteParts } from "../../suite/mls-suite.ts";
import { assemblePrimitives } from "../../suite/primitives.ts";
import { argon2id } from "./argon2id.ts";
import { createEd25519 } from "./ed25519.ts";
import { symmetric, x25519Kem, xwingKem } from "./parts.ts";

/** The primitives of a browser: WebCrypto (AES-GCM, Ed25519), noble (hashes, X25519, ML-KEM) and hash-wasm (Argon2id). Runs in pages of
 *  secure contexts and in workers; needs a browser whose WebCrypto has Ed25519.
 *  Imported Ed25519 seeds stay cached for at most a minute after the last use. */
export function createBrowserPrimitives(random: Random = systemRandom): Primitives {
  return assemblePrimitives(suiteParts(), argon2id, random);
}

/** One suite for ts-mls without the other primitives, for vectors and benchmarks. */
export function createMlsSuite(name: MlsSuiteName, random: Random = systemRandom): Primitives["mls"] {
  return createSuite(name, suiteParts(), random);
}

export function systemRandom(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  // One call fills at most 65536 bytes.
  for (let at = 0; at < length; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
  return bytes;
}

function suiteParts(): SuiteParts {
  return { symmetric, ed25519: createEd25519(), xwingKem, x25519Kem };
}
