import type { Kem } from "../../suite/kem.ts";
import type { SymmetricParts } from "../../suite/parts.ts";
import { createX25519Kem } from "../../suite/x25519-kem.ts";
import { createXwingKem } from "../../suite/xwing-kem.ts";
import { openAead, sealAead } from "./aead.ts";
import { digest, shake256 } from "./hash.ts";
import { hkdfExpand, hkdfExtract, hmac } from "./hkdf.ts";
import { mlKem768 } from "./ml-kem.ts";
import { x25519 } from "./x25519.ts";

export { createEd25519 } from "./ed25519.ts";
export { mlKem768, x25519 };

/** What suites are built from, on node:crypto. */
export const symmetric: SymmetricParts = { digest, shake256, hmac, hkdfExtract, hkdfExpand, sealAead, openAead };
export const x25519Kem: Kem = createX25519Kem(x25519, symmetric);
export const xwingKem: Kem = createXwingKem(x25519, mlKem768, symmetric);
