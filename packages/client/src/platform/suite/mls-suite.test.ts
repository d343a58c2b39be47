import { createMlsSuite } from "@bulla/client/crypto";
import { utf8 } from "@bulla/wire";
import { type CiphersuiteImpl, getCiphersuiteFromName, getCiphersuiteImpl, nobleCryptoProvider } from "ts-mls";
import { describe, expect, test } from "vitest";

const names = ["MLS_256_XWING_AES256GCM_SHA512_Ed25519", "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"] as const;
const [info, aad, plaintext] = [utf8("info"), utf8("associated data"), utf8("to be sealed")];

describe.each(names)("%s", (name) => {
  const ours: CiphersuiteImpl = createMlsSuite(name);
  const library = getCiphersuiteImpl(getCiphersuiteFromName(name), nobleCryptoProvider);
  const directions = [
    { from: "ours", to: "the library's" },
    { from: "the library's", to: "ours" },
  ];
  const suiteOf = async (which: string): Promise<CiphersuiteImpl> => (which === "ours" ? ours : library);

  test("both providers derive the same key pair", async () => {
    const ikm = ours.rng.randomBytes(ours.kdf.size);
    const theirs = (await library).hpke;
    const [a, b] = [await ours.hpke.deriveKeyPair(ikm), await theirs.deriveKeyPair(ikm)];
    expect(await ours.hpke.exportPublicKey(a.publicKey)).toEqual(await theirs.exportPublicKey(b.publicKey));
    expect(await ours.hpke.exportPrivateKey(a.privateKey)).toEqual(await theirs.exportPrivateKey(b.privateKey));
  });

  test.each(directions)("what $from provider seals, $to provider opens", async ({ from, to }) => {
    const [sender, recipient] = [await suiteOf(from), await suiteOf(to)];
    const pair = await recipient.hpke.generateKeyPair();
    const publicKey = await sender.hpke.importPublicKey(await recipient.hpke.exportPublicKey(pair.publicKey));
    const { enc, ct } = await sender.hpke.seal(publicKey, plaintext, info, aad);
    expect(await recipient.hpke.open(pair.privateKey, enc, ct, info, aad)).toEqual(plaintext);
    const sent = await sender.hpke.exportSecret(publicKey, aad, 32, info);
    expect(await recipient.hpke.importSecret(pair.privateKey, aad, sent.enc, 32, info)).toEqual(sent.secret);
  });

  test.each(directions)(
    "what $from provider protects with AEAD, MAC and KDF, $to provider understands",
    async ({ from, to }) => {
      const [a, b] = [await suiteOf(from), await suiteOf(to)];
      const key = a.rng.randomBytes(a.hpke.keyLength);
      const nonce = a.rng.randomBytes(a.hpke.nonceLength);
      expect(
        await b.hpke.decryptAead(key, nonce, undefined, await a.hpke.encryptAead(key, nonce, undefined, plaintext)),
      ).toEqual(plaintext);
      expect(await b.hash.verifyMac(key, await a.hash.mac(key, plaintext), plaintext)).toBe(true);
      expect(await b.hash.verifyMac(key, (await a.hash.mac(key, plaintext)).subarray(1), plaintext)).toBe(false);
      const salt = a.rng.randomBytes(a.kdf.size);
      expect(await b.kdf.expand(await b.kdf.extract(salt, key), info, 77)).toEqual(
        await a.kdf.expand(await a.kdf.extract(salt, key), info, 77),
      );
    },
  );

  test("signature keys are 32-byte seeds", async () => {
    const { signKey, publicKey } = await ours.signature.keygen();
    expect([signKey.length, publicKey.length]).toEqual([32, 32]);
    expect(
      await (await library).signature.verify(publicKey, plaintext, await ours.signature.sign(signKey, plaintext)),
    ).toBe(true);
  });

  test("everything that does not open gives one answer", async () => {
    const pair = await ours.hpke.generateKeyPair();
    const { enc, ct } = await ours.hpke.seal(pair.publicKey, plaintext, info, aad);
    const refused: unknown = expect.objectContaining({
      code: "core/open-failed",
      message: "that does not open with this key",
    });
    const key = new Uint8Array(ours.hpke.keyLength);
    for (const attempt of [
      () => ours.hpke.open(pair.privateKey, enc.subarray(1), ct, info, aad),
      () => ours.hpke.open(pair.privateKey, enc, ct.subarray(1), info, aad),
      () => ours.hpke.open(pair.privateKey, enc, ct, aad, info),
      () => ours.hpke.importSecret(pair.privateKey, aad, enc.subarray(1), 32, info),
      () => ours.hpke.decryptAead(key, new Uint8Array(12), aad, ct),
      () => ours.hpke.decryptAead(key, new Uint8Array(11), aad, ct),
    ]) {
      await expect(attempt()).rejects.toThrow(refused);
    }
  });

  test("a key handle of another provider is refused", async () => {
    const foreign = await createMlsSuite(name).hpke.generateKeyPair();
    await expect(ours.hpke.seal(foreign.publicKey, plaintext, info)).rejects.toThrow(
      expect.objectContaining({ code: "core/bad-key" }),
    );
  });

  test("wiping bytes that were imported or exported does not change a key", async () => {
    const pair = await ours.hpke.generateKeyPair();
    const seed = await ours.hpke.exportPrivateKey(pair.privateKey);
    const imported = await ours.hpke.importPrivateKey(seed);
    const { enc, ct } = await ours.hpke.seal(pair.publicKey, plaintext, info);
    seed.fill(0);
    expect(await ours.hpke.exportPrivateKey(imported)).toEqual(await ours.hpke.exportPrivateKey(pair.privateKey));
    expect(await ours.hpke.open(imported, enc, ct, info)).toEqual(plaintext);
  });
});
