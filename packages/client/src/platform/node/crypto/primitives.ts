import { randomBytes } from "node:crypto";
import type { Primitives, Random } from "@bulla/core";
import { createSuite, type MlsSuiteName, type SuiteParts } from "../../suite/mls-suite.ts";
import { assemblePrimitives } from "../../suite/primitives.ts";
import { argon2id } from "./argon2id.ts";
import { createEd25519 } from "./ed25519.ts";
import { symmetric, x25519Kem, xwingKem } from "./parts.ts";
import { plainBytes } from "./plain-bytes.ts";

/** The primitives on node:crypto. Imported Ed25519 seeds stay cached for at most a minute after the last use. */
export function createNodePrimitives(random: Random = systemRandom): Primitives {
  return assemblePrimitives(suiteParts(), argon2id, random);
}

/** One suite for ts-mls without the other primitives, for vectors and benchmarks. */
export function createMlsSuite(name: MlsSuiteName, random: Random = systemRandom): Primitives["mls"] {
  return createSuite(name, suiteParts(), random);
}

export function systemRandom(length: number): Uint8Array {
  return plainBytes(randomBytes(length));
}

function suiteParts(): SuiteParts {
  return { symmetric, ed25519: createEd25519(), xwingKem, x25519Kem };
}
