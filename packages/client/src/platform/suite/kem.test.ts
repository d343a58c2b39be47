import { systemRandom } from "@bulla/client/crypto";
import {
  checkTally,
  type HpkeVector,
  hexBytes,
  isHex,
  type MlKemGroup,
  rfc9180Base,
  runMlKemVectors,
  runX25519Vectors,
  runXwingVectors,
  tallyCases,
  vectorTest,
  type WycheproofFile,
  type X25519Group,
  type XwingVector,
} from "@bulla/testkit";
import { equalBytes } from "@bulla/wire";
import { XWing as independentXwing } from "@noble/post-quantum/hybrid.js";
import { describe, expect, test } from "vitest";
import { mlKem768, x25519, x25519Kem, xwingKem } from "#parts";

vectorTest<WycheproofFile<X25519Group>>(test, {
  name: "X25519 is Wycheproof's, and a public key of small order is refused",
  file: "wycheproof/x25519_test.json",
  run: (file) =>
    runX25519Vectors(
      (mine, theirs) => x25519.sharedSecret(x25519.importPrivate(mine), x25519.importPublic(theirs)),
      file,
    ),
});

vectorTest<WycheproofFile<MlKemGroup>>(test, {
  name: "ML-KEM-768 is Wycheproof's, and short seeds and ciphertexts are refused",
  file: "wycheproof/mlkem_768_test.json",
  run: (file) =>
    runMlKemVectors(
      {
        publicKey: (seed) => mlKem768.rawPublic(mlKem768.importPrivate(seed)),
        decapsulate: (seed, ciphertext) => mlKem768.decapsulate(mlKem768.importPrivate(seed), ciphertext),
      },
      file,
    ),
});

vectorTest<readonly XwingVector[]>(test, {
  name: "X-Wing public keys and decapsulation are the draft's",
  file: "xwing/test-vectors.json",
  run: (vectors) =>
    runXwingVectors(
      {
        publicKey: (seed) => xwingKem.importPrivateKey(seed).publicKey,
        decapsulate: (seed, enc) => xwingKem.importPrivateKey(seed).decapsulate(enc),
      },
      vectors,
    ),
});

vectorTest<readonly HpkeVector[]>(test, {
  name: "X-Wing inside HPKE has the shared secrets of the post-quantum HPKE vectors",
  file: "hpke/vectors-pq.json",
  run: (vectors) =>
    tallyCases(
      vectors.map((vector) => ({
        name: `kdf ${vector.kdf_id}, aead ${vector.aead_id}`,
        skip: vector.kem_id === xwingKem.id ? undefined : "another KEM",
        check: () => {
          const recipient = xwingKem.importPrivateKey(hexBytes(vector.skRm));
          return (
            isHex(recipient.publicKey, vector.pkRm) &&
            isHex(recipient.decapsulate(hexBytes(vector.enc)), vector.shared_secret)
          );
        },
      })),
    ),
  skipped: { "another KEM": 11 },
});

test("DHKEM(X25519) encapsulates, with the same ephemeral key, exactly as RFC 9180 appendix A.1", () => {
  const { skEm, pkRm, enc, sharedSecret, skRm } = rfc9180Base;
  const made = x25519Kem.importPublicKey(hexBytes(pkRm)).encapsulate(hexBytes(skEm));
  expect(made).toEqual({ enc: hexBytes(enc), sharedSecret: hexBytes(sharedSecret) });
  expect(x25519Kem.importPrivateKey(hexBytes(skRm)).decapsulate(hexBytes(enc))).toEqual(hexBytes(sharedSecret));
});

test("X-Wing agrees with an independent implementation in both directions", async () => {
  checkTally(
    await tallyCases(
      Array.from({ length: 20 }, (_, round) => ({
        name: `round ${round}`,
        check: () => {
          const mine = xwingKem.importPrivateKey(systemRandom(32));
          const theirs = independentXwing.keygen(mine.seed);
          const sent = xwingKem.importPublicKey(theirs.publicKey.slice()).encapsulate(systemRandom(32));
          // It wipes the public key that it is given.
          const received = independentXwing.encapsulate(mine.publicKey.slice());
          return (
            equalBytes(theirs.publicKey, mine.publicKey) &&
            equalBytes(independentXwing.decapsulate(sent.enc, theirs.secretKey), sent.sharedSecret) &&
            equalBytes(mine.decapsulate(received.cipherText), received.sharedSecret)
          );
        },
      })),
    ),
  );
});

describe.each([
  { kem: xwingKem, publicBytes: 1216, encBytes: 1120 },
  { kem: x25519Kem, publicBytes: 32, encBytes: 32 },
])("$kem.name", ({ kem, publicBytes, encBytes }) => {
  const badKey: unknown = expect.objectContaining({ code: "core/bad-key" });

  test("the recipient gets the secret that the sender made", () => {
    const recipient = kem.importPrivateKey(systemRandom(32));
    const { enc, sharedSecret } = kem.importPublicKey(recipient.publicKey).encapsulate(systemRandom(32));
    expect([recipient.publicKey.length, enc.length, sharedSecret.length]).toEqual([publicBytes, encBytes, 32]);
    expect(recipient.decapsulate(enc)).toEqual(sharedSecret);
  });

  test("keys and encapsulations of another length are refused", () => {
    const recipient = kem.importPrivateKey(systemRandom(32));
    for (const wrong of [-1, 1]) {
      expect(() => kem.importPublicKey(systemRandom(publicBytes + wrong))).toThrow(badKey);
      expect(() => kem.importPrivateKey(systemRandom(32 + wrong))).toThrow(badKey);
      expect(() => recipient.decapsulate(systemRandom(encBytes + wrong))).toThrow(badKey);
    }
  });

  test("an X25519 part of small order is refused by sender and recipient", () => {
    const recipient = kem.importPrivateKey(systemRandom(32));
    const weakKey = recipient.publicKey.slice().fill(0, publicBytes - 32);
    const { enc } = kem.importPublicKey(recipient.publicKey).encapsulate(systemRandom(32));
    expect(() => kem.importPublicKey(weakKey).encapsulate(systemRandom(32))).toThrow(badKey);
    expect(() => recipient.decapsulate(enc.slice().fill(0, encBytes - 32))).toThrow(badKey);
  });
});
