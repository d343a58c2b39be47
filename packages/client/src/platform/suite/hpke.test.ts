import { systemRandom } from "@bulla/client/crypto";
import { type HpkeVector, hexBytes, isHex, tallyCases, vectorTest } from "@bulla/testkit";
import { utf8 } from "@bulla/wire";
import { Aes256Gcm, CipherSuite, HkdfSha512 } from "@hpke/core";
import { XWing } from "@hpke/hybridkem-x-wing";
import { expect, test } from "vitest";
import { symmetric, xwingKem } from "#parts";
import { createHpke } from "./hpke.ts";

const hpke = createHpke({ kem: xwingKem, kdf: "sha512", aead: "aes-256-gcm" }, symmetric, systemRandom);
const recipient = xwingKem.importPrivateKey(systemRandom(32));
const sender = xwingKem.importPublicKey(recipient.publicKey);
const [info, aad, plaintext] = [utf8("info"), utf8("associated data"), utf8("to be sealed")];

vectorTest<readonly HpkeVector[]>(test, {
  name: "the first ciphertext and all exports of the post-quantum HPKE vectors for X-Wing, HKDF-SHA256, ChaCha20-Poly1305 come out",
  file: "hpke/vectors-pq.json",
  run: (vectors) => {
    const official = createHpke({ kem: xwingKem, kdf: "sha256", aead: "chacha20-poly1305" }, symmetric, systemRandom);
    return tallyCases(
      vectors.map((vector) => ({
        name: `kdf ${vector.kdf_id}, aead ${vector.aead_id}`,
        skip: skipReason(vector),
        check: async () => {
          const mine = xwingKem.importPrivateKey(hexBytes(vector.skRm));
          const [enc, vectorInfo] = [hexBytes(vector.enc), hexBytes(vector.info)];
          const [first] = vector.encryptions;
          return (
            first !== undefined &&
            isHex(
              await official.open(mine, vectorInfo, hexBytes(first.aad), { enc, ciphertext: hexBytes(first.ct) }),
              first.pt,
            ) &&
            vector.exports.length > 0 &&
            vector.exports.every((one) =>
              isHex(
                official.importSecret(mine, vectorInfo, hexBytes(one.exporter_context), enc, one.L),
                one.exported_value,
              ),
            )
          );
        },
      })),
    );
  },
  skipped: { "another KEM": 11, "a one-stage KDF, which RFC 9180 does not have": 1 },
});

function skipReason(vector: HpkeVector): string | undefined {
  if (vector.kem_id !== xwingKem.id) return "another KEM";
  return vector.kdf_id === 1 ? undefined : "a one-stage KDF, which RFC 9180 does not have";
}

const independent = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha512(), aead: new Aes256Gcm() });
const exact = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

test("an independent implementation opens what we seal and derives what we export", async () => {
  const recipientKey = await independent.kem.deserializePrivateKey(exact(recipient.seed));
  const box = await hpke.seal(sender, info, aad, plaintext);
  const opened = await independent.open(
    { recipientKey, enc: exact(box.enc), info: exact(info) },
    exact(box.ciphertext),
    exact(aad),
  );
  expect(new Uint8Array(opened)).toEqual(plaintext);

  const { enc, secret } = hpke.exportSecret(sender, info, aad, 48);
  const context = await independent.createRecipientContext({ recipientKey, enc: exact(enc), info: exact(info) });
  expect(new Uint8Array(await context.export(exact(aad), 48))).toEqual(secret);
});

test("we open what an independent implementation seals and derive what it exports", async () => {
  const recipientPublicKey = await independent.kem.deserializePublicKey(exact(recipient.publicKey));
  const sealed = await independent.seal({ recipientPublicKey, info: exact(info) }, exact(plaintext), exact(aad));
  const box = { enc: new Uint8Array(sealed.enc), ciphertext: new Uint8Array(sealed.ct) };
  expect(await hpke.open(recipient, info, aad, box)).toEqual(plaintext);

  const context = await independent.createSenderContext({ recipientPublicKey, info: exact(info) });
  const exported = new Uint8Array(await context.export(exact(aad), 48));
  expect(hpke.importSecret(recipient, info, aad, new Uint8Array(context.enc), 48)).toEqual(exported);
});

test("changed info, associated data, encapsulated key, ciphertext or recipient opens nothing", async () => {
  const { enc, ciphertext } = await hpke.seal(sender, info, aad, plaintext);
  const other = xwingKem.importPrivateKey(systemRandom(32));
  const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
    bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
  expect(await hpke.open(recipient, info, aad, { enc, ciphertext })).toEqual(plaintext);
  expect(await hpke.open(other, info, aad, { enc, ciphertext })).toBeUndefined();
  expect(await hpke.open(recipient, utf8("other"), aad, { enc, ciphertext })).toBeUndefined();
  expect(await hpke.open(recipient, info, utf8("other"), { enc, ciphertext })).toBeUndefined();
  for (const at of [0, 500, 1087, 1088, 1110])
    expect(await hpke.open(recipient, info, aad, { enc: flipped(enc, at), ciphertext })).toBeUndefined();
  for (const at of [0, plaintext.length, ciphertext.length - 1]) {
    expect(await hpke.open(recipient, info, aad, { enc, ciphertext: flipped(ciphertext, at) })).toBeUndefined();
  }
  for (const length of [0, 32, 1119])
    expect(await hpke.open(recipient, info, aad, { enc: enc.subarray(0, length), ciphertext })).toBeUndefined();
  expect(hpke.importSecret(recipient, info, aad, enc.subarray(1), 32)).toBeUndefined();
});
