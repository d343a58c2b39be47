import { createMlsSuite, createPrimitives } from "@bulla/client/crypto";
import { ed25519 } from "@noble/curves/ed25519.js";
import { expect, test } from "vitest";
import { type AeadGroup, runAeadVectors } from "./aead-vectors.ts";
import { type Ed25519Group, runDisputedSignatures, runEd25519Vectors } from "./ed25519-vectors.ts";
import { type HkdfGroup, runHkdfVectors } from "./hkdf-vectors.ts";
import { vectorTest } from "./vector-test.ts";
import { runRfc9180Vectors } from "./rfc9180-vectors.ts";
import { checkTally } from "./vector-tally.ts";
import type { WycheproofFile } from "./wycheproof.ts";

const primitives = createPrimitives();
const { kdf } = createMlsSuite("MLS_256_XWING_AES256GCM_SHA512_Ed25519");
const suite1 = createMlsSuite("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519");

vectorTest<WycheproofFile<AeadGroup>>(test, {
  name: "AES-256-GCM seals and opens as Wycheproof says, and opens nothing else",
  file: "wycheproof/aes_gcm_test.json",
  run: (file) =>
    runAeadVectors(
      {
        seal: (key, nonce, associatedData, plaintext) =>
          primitives.sealAes256Gcm(key, nonce, associatedData, plaintext),
        open: (key, nonce, associatedData, sealed) => primitives.openAes256Gcm(key, nonce, associatedData, sealed),
      },
      file,
    ),
  skipped: { "the key is not 256 bits long": 211 },
});

vectorTest<WycheproofFile<Ed25519Group>>(test, {
  name: "Ed25519 accepts the valid signatures of Wycheproof and no other",
  file: "wycheproof/ed25519_test.json",
  run: (file) => runEd25519Vectors(primitives, file),
});

vectorTest<WycheproofFile<HkdfGroup>>(test, {
  name: "HKDF-SHA-256 derives what Wycheproof says",
  file: "wycheproof/hkdf_sha256_test.json",
  run: (file) =>
    runHkdfVectors((secret, salt, info, length) => primitives.hkdfSha256(secret, salt, info, length), file),
});

vectorTest<WycheproofFile<HkdfGroup>>(test, {
  name: "HKDF-SHA-512 of the group suite derives what Wycheproof says",
  file: "wycheproof/hkdf_sha512_test.json",
  run: (file) =>
    runHkdfVectors(
      async (secret, salt, info, length) => kdf.expand(await kdf.extract(salt, secret), info, length),
      file,
    ),
});

vectorTest<WycheproofFile<HkdfGroup>>(test, {
  name: "HKDF-Expand with SHA-512 derives what Wycheproof says",
  file: "wycheproof/hkdf_sha512_test.json",
  run: (file) =>
    runHkdfVectors(
      async (secret, salt, info, length) => primitives.hkdfExpandSha512(await kdf.extract(salt, secret), info, length),
      file,
    ),
});

test("HPKE in base mode reproduces RFC 9180 appendix A.1", async () => {
  checkTally(await runRfc9180Vectors(suite1.hpke));
});

test("Ed25519 refuses the signatures that implementations disagree on", async () => {
  checkTally(await runDisputedSignatures(primitives));
});

test("control: a verifier with the cofactor accepts them all", async () => {
  const verifyEd25519 = async (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> =>
    ed25519.verify(signature, message, publicKey, { zip215: true });
  const { ran, failed } = await runDisputedSignatures({ verifyEd25519 });
  expect(failed).toHaveLength(ran);
});
