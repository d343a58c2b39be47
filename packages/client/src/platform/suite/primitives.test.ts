import { createPrimitives } from "@bulla/client/crypto";
import { concatBytes, hexOf, utf8 } from "@bulla/wire";
import fc from "fast-check";
import { expect, test } from "vitest";

const primitives = createPrimitives();
const none = new Uint8Array(0);

test("hashing parts is hashing them joined", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array()), async (parts) => {
      const joined = new Uint8Array(concatBytes(...parts));
      expect(primitives.sha256(...parts)).toEqual(new Uint8Array(await crypto.subtle.digest("SHA-256", joined)));
      expect(primitives.sha512(...parts)).toEqual(new Uint8Array(await crypto.subtle.digest("SHA-512", joined)));
    }),
  );
});

test("HKDF takes info longer than 1024 bytes, which some libraries refuse", () => {
  expect(primitives.hkdfSha256(utf8("secret"), none, new Uint8Array(5000), 32)).toHaveLength(32);
});

test("HKDF refuses more than 255 blocks", () => {
  const refused: unknown = expect.objectContaining({ code: "internal/bug" });
  expect(primitives.hkdfSha256(none, none, none, 255 * 32)).toHaveLength(255 * 32);
  expect(() => primitives.hkdfSha256(none, none, none, 255 * 32 + 1)).toThrow(refused);
  expect(() => primitives.hkdfExpandSha512(none, none, 255 * 64 + 1)).toThrow(refused);
});

test("a sealed HPKE box opens with its seed, and with no other seed, not even one of another length", async () => {
  const seed = primitives.random(32);
  const box = await primitives.sealHpke(
    await primitives.xwingPublicKey(seed),
    utf8("info"),
    utf8("aad"),
    utf8("hello"),
  );
  expect(await primitives.openHpke(seed, utf8("info"), utf8("aad"), box)).toEqual(utf8("hello"));
  expect(await primitives.openHpke(primitives.random(32), utf8("info"), utf8("aad"), box)).toBeUndefined();
  expect(await primitives.openHpke(seed.subarray(1), utf8("info"), utf8("aad"), box)).toBeUndefined();
});

test("sealing to something that is no X-Wing public key is refused", async () => {
  const refused: unknown = expect.objectContaining({ code: "core/bad-key" });
  await expect(primitives.sealHpke(new Uint8Array(1215), none, none, none)).rejects.toThrow(refused);
  // FIPS 203 §7.2: coefficients of the encapsulation key must be below q.
  await expect(primitives.sealHpke(new Uint8Array(1216).fill(0xff), none, none, none)).rejects.toThrow(refused);
});

// RFC 9106 §5.3 uses a secret and associated data, which this interface does not take; this value is the reference implementation's own test,
// `hashtest(version, 2, 16, 1, "password", "somesalt", …, Argon2_id)`.
test("Argon2id gives the value of the reference implementation", async () => {
  const tag = await primitives.argon2id(utf8("password"), utf8("somesalt"), {
    memoryKib: 2 ** 16,
    passes: 2,
    lanes: 1,
    length: 32,
  });
  expect(hexOf(tag)).toBe("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
});

test("no result shares its buffer with anything else", async () => {
  const seed = primitives.random(32);
  const publicKey = await primitives.xwingPublicKey(seed);
  const box = await primitives.sealHpke(publicKey, none, none, utf8("hello"));
  const sealed = await primitives.sealAes256Gcm(seed, new Uint8Array(12), none, utf8("hello"));
  const { hpke, kdf, hash, signature, rng } = primitives.mls;
  const pair = await hpke.generateKeyPair();
  const results = [
    seed,
    publicKey,
    box.enc,
    box.ciphertext,
    sealed,
    await primitives.openHpke(seed, none, none, box),
    await primitives.openAes256Gcm(seed, new Uint8Array(12), none, sealed),
    primitives.sha256(seed),
    primitives.sha512(seed, seed),
    primitives.hkdfSha256(seed, none, none, 5),
    primitives.hkdfExpandSha512(seed, none, 70),
    primitives.ed25519PublicKey(seed),
    await primitives.signEd25519(seed, none),
    await primitives.argon2id(seed, seed, { memoryKib: 64, passes: 1, lanes: 1, length: 32 }),
    await hpke.exportPublicKey(pair.publicKey),
    await hpke.exportPrivateKey(pair.privateKey),
    await kdf.extract(seed, seed),
    await kdf.expand(seed, none, 32),
    await hash.digest(seed),
    await hash.mac(seed, seed),
    (await signature.keygen()).signKey,
    rng.randomBytes(4),
  ];
  for (const result of results) {
    expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype);
    expect([result?.byteOffset, result?.byteLength]).toEqual([0, result?.buffer.byteLength]);
  }
});

test("with the same randomness the same keys come out", async () => {
  const counting = (): ((length: number) => Uint8Array) => {
    let calls = 0;
    return (length) => primitives.sha256(utf8(`${calls++}`)).slice(0, length);
  };
  const [one, two] = [createPrimitives(counting()), createPrimitives(counting())];
  expect(await one.mls.signature.keygen()).toEqual(await two.mls.signature.keygen());
  const [a, b] = [await one.mls.hpke.generateKeyPair(), await two.mls.hpke.generateKeyPair()];
  expect(await one.mls.hpke.exportPrivateKey(a.privateKey)).toEqual(await two.mls.hpke.exportPrivateKey(b.privateKey));
});
