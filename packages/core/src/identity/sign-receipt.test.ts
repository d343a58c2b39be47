import { parseHandle } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import { pinOf, signedStatementCodec } from "@bulla/wire/identity";
import {
  decodeReceiptFile,
  encodeReceiptFile,
  type Manifest,
  manifestHash,
  type ReceiptStatement,
  verifyReceipt,
  verifyReceiptFile,
} from "@bulla/wire/receipt";
import { expect, test } from "vitest";
import { certifyDevice, createDeviceSecrets } from "./device-secrets.ts";
import { primitivesOf } from "./primitives.fixture.ts";
import { signReceipt } from "./sign-receipt.ts";
import { addDevice, createChain, revokeDevice } from "./sign-statement.ts";

const primitives = primitivesOf();
const recipient = parseHandle("bob@acme.example");
const [laptop, phone] = [createDeviceSecrets(primitives), createDeviceSecrets(primitives)];
const created = await createChain(primitives, recipient, laptop, 1);
const added = await addDevice(primitives, created.chain, laptop, await certifyDevice(primitives, recipient, phone), 1);
const revoked = await revokeDevice(primitives, added.chain, laptop, phone.deviceId, 2);

const manifest: Manifest = {
  version: 1,
  files: [{ path: "a.txt", size: 1, sha256: primitives.sha256(Uint8Array.of(97)) }],
};
const statement: ReceiptStatement = {
  version: 1,
  transferId: primitives.random(16),
  manifest: manifestHash(primitives, manifest),
  sender: parseHandle("alice@other.example"),
  recipient,
  deviceId: phone.deviceId,
  chain: pinOf(added.chain),
  day: 1,
};

test("a receipt of this device verifies, also after the device was revoked", async () => {
  const receipt = await signReceipt(primitives, phone, statement);
  expect(await verifyReceipt(primitives, receipt, added.chain, manifest)).toEqual(statement);
  expect(await verifyReceipt(primitives, receipt, revoked.chain, manifest)).toEqual(statement);
});

test("a receipt that another device signed in this one's name is refused", async () => {
  const receipt = await signReceipt(primitives, laptop, statement);
  await expect(verifyReceipt(primitives, receipt, added.chain, manifest)).rejects.toMatchObject({
    code: "receipt/refused",
  });
});

test("a receipt file holds all that is needed to verify it offline", async () => {
  const receipt = await signReceipt(primitives, phone, statement);
  const chain = [created, added, revoked].map((link) => encode(signedStatementCodec, link.statement));
  const verified = await verifyReceiptFile(
    primitives,
    decodeReceiptFile(encodeReceiptFile({ version: 1, receipt, manifest, chain })),
  );
  expect(verified.statement).toEqual(statement);
  expect(verified.chain).toEqual(revoked.chain);
});
