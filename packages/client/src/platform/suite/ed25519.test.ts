import { systemRandom } from "@bulla/client/crypto";
import { hexBytes } from "@bulla/testkit";
import { expect, test } from "vitest";
import { createEd25519 } from "#parts";

const ed25519 = createEd25519();

// RFC 8032 §7.1, TEST 3
const vector = {
  seed: hexBytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"),
  publicKey: hexBytes("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"),
  message: hexBytes("af82"),
  signature: hexBytes(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
  ),
};

test("a seed gives the public key and the signature of RFC 8032", async () => {
  expect(ed25519.publicKey(vector.seed)).toEqual(vector.publicKey);
  expect(await ed25519.sign(vector.seed, vector.message)).toEqual(vector.signature);
  expect(await ed25519.verify(vector.publicKey, vector.message, vector.signature)).toBe(true);
});

test("keys and signatures of another length verify nothing, without an exception", async () => {
  for (const length of [0, 31, 33])
    expect(await ed25519.verify(new Uint8Array(length), vector.message, vector.signature)).toBe(false);
  for (const length of [0, 63, 65])
    expect(await ed25519.verify(vector.publicKey, vector.message, new Uint8Array(length))).toBe(false);
});

test("a public key that is no point verifies nothing, without an exception", async () => {
  expect(await ed25519.verify(new Uint8Array(32).fill(0xff), vector.message, vector.signature)).toBe(false);
});

test("a seed of another length is refused", async () => {
  for (const length of [0, 31, 33, 64]) {
    const refused: unknown = expect.objectContaining({ code: "core/bad-key" });
    await expect(async () => ed25519.sign(new Uint8Array(length), vector.message)).rejects.toThrow(refused);
    expect(() => ed25519.publicKey(new Uint8Array(length))).toThrow(refused);
  }
});

test("more keys than the cache holds still sign and verify", async () => {
  const seeds = Array.from({ length: 50 }, () => systemRandom(32));
  for (let round = 0; round < 2; round++) {
    for (const seed of seeds)
      expect(
        await ed25519.verify(ed25519.publicKey(seed), vector.message, await ed25519.sign(seed, vector.message)),
      ).toBe(true);
  }
});
