import { type AeadGroup, runAeadVectors, vectorTest, type WycheproofFile } from "@bulla/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { symmetric } from "#parts";
import { type AeadName, aeadKeyBytes } from "./algorithms.ts";

const { sealAead, openAead } = symmetric;

vectorTest<WycheproofFile<AeadGroup>>(test, {
  name: "ChaCha20-Poly1305 seals and opens as Wycheproof says, and opens nothing else",
  file: "wycheproof/chacha20_poly1305_test.json",
  run: (file) =>
    runAeadVectors(
      {
        seal: async (...input) => sealAead("chacha20-poly1305", ...input),
        open: async (...input) => openAead("chacha20-poly1305", ...input),
      },
      file,
    ),
});

const aeads: readonly AeadName[] = ["aes-128-gcm", "aes-256-gcm", "chacha20-poly1305"];

describe.each(aeads)("%s", (aead) => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  const sized = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
  const input = fc.record({
    key: sized(aeadKeyBytes[aead]),
    nonce: sized(12),
    associatedData: bytes,
    plaintext: bytes,
  });

  test("what is sealed opens to the same bytes", async () => {
    await fc.assert(
      fc.asyncProperty(input, async ({ key, nonce, associatedData, plaintext }) => {
        const sealed = await sealAead(aead, key, nonce, associatedData, plaintext);
        expect(await openAead(aead, key, nonce, associatedData, sealed)).toEqual(plaintext);
      }),
    );
  });

  test("one flipped bit anywhere opens nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        input,
        fc.nat(),
        fc.constantFrom("key", "nonce", "associatedData", "sealed"),
        async (given, at, where) => {
          const { key, nonce, associatedData, plaintext } = given;
          const changed: Record<typeof where, Uint8Array> = {
            key,
            nonce,
            associatedData,
            sealed: await sealAead(aead, key, nonce, associatedData, plaintext),
          };
          fc.pre(changed[where].length > 0);
          changed[where] = flipBit(changed[where], at);
          expect(
            await openAead(aead, changed.key, changed.nonce, changed.associatedData, changed.sealed),
          ).toBeUndefined();
        },
      ),
    );
  });

  test("wrong lengths open nothing and seal nothing", async () => {
    const [key, nonce, none] = [new Uint8Array(aeadKeyBytes[aead]), new Uint8Array(12), new Uint8Array(0)];
    const sealed = await sealAead(aead, key, nonce, none, none);
    for (const length of [0, 15, 31, 33, 64])
      expect(await openAead(aead, new Uint8Array(length), nonce, none, sealed)).toBeUndefined();
    for (const length of [0, 11, 13, 16])
      expect(await openAead(aead, key, new Uint8Array(length), none, sealed)).toBeUndefined();
    for (const length of [0, 1, 4, 12, 15])
      expect(await openAead(aead, key, nonce, none, sealed.subarray(0, length))).toBeUndefined();
    await expect(async () => sealAead(aead, new Uint8Array(31), nonce, none, none)).rejects.toThrow(
      expect.objectContaining({ code: "core/bad-key" }),
    );
    await expect(async () => sealAead(aead, key, new Uint8Array(8), none, none)).rejects.toThrow(
      expect.objectContaining({ code: "internal/bug" }),
    );
  });
});

function flipBit(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice();
  const index = Math.floor(at / 8) % changed.length;
  changed[index] = (changed[index] ?? 0) ^ (1 << (at % 8));
  return changed;
}
