import { concatBytes, type Handle, hexOf, parseHandle } from "@bulla/wire";
import { encode } from "@bulla/wire/encoding";
import {
  activeDevice,
  activeDevices,
  checkPin,
  decodeSignedStatement,
  pinOf,
  signedStatementCodec,
  type VerifiedChain,
  verifyChain,
  verifyPossession,
} from "@bulla/wire/identity";
import { describe, expect, test } from "vitest";
import {
  certifyDevice,
  createDeviceSecrets,
  type DeviceSecrets,
  decodeDeviceSecrets,
  deviceKeysOf,
  encodeDeviceSecrets,
  wipeDeviceSecrets,
} from "./device-secrets.ts";
import { primitivesOf } from "./primitives.fixture.ts";
import { addDevice, createChain, revokeDevice } from "./sign-statement.ts";

const primitives = primitivesOf();
const handle: Handle = parseHandle("bob@acme.example");
const [laptop, phone, tablet] = [
  createDeviceSecrets(primitives),
  createDeviceSecrets(primitives),
  createDeviceSecrets(primitives),
];
const day = 20_000;

const refusal = (code: string): unknown => expect.objectContaining({ name: "BullaError", code });
const ids = (chain: VerifiedChain): readonly Uint8Array[] => activeDevices(chain).map((device) => device.keys.deviceId);

describe("a device's secrets", () => {
  test("are six different random values of their lengths", () => {
    const { version, deviceId, ...seeds } = laptop;
    expect(version).toBe(1);
    expect(deviceId).toHaveLength(16);
    expect(Object.values(seeds).map((seed) => seed.length)).toEqual([32, 32, 32, 32, 32]);
    expect(new Set(Object.values(seeds).map((seed) => seed.join())).size).toBe(5);
    expect(encodeDeviceSecrets(laptop)).not.toEqual(encodeDeviceSecrets(phone));
  });

  test("come back from the store the same, and not at all when anything about them is off", () => {
    const bytes = encodeDeviceSecrets(laptop);
    expect(decodeDeviceSecrets(bytes)).toEqual(laptop);
    expect(() => decodeDeviceSecrets(bytes.subarray(1))).toThrow(refusal("wire/malformed"));
    expect(() => decodeDeviceSecrets(Uint8Array.of(...bytes, 0))).toThrow(refusal("wire/malformed"));
    expect(() => decodeDeviceSecrets(new Uint8Array(513))).toThrow(refusal("wire/too-large"));
  });

  test("give the same public keys every time, each of its own length", async () => {
    const keys = await deviceKeysOf(primitives, laptop);
    expect(await deviceKeysOf(primitives, decodeDeviceSecrets(encodeDeviceSecrets(laptop)))).toEqual(keys);
    expect(Object.values(keys).map((key) => key.length)).toEqual([16, 32, 32, 32, 32, 1216]);
    expect(new Set(Object.values(keys).map((key) => key.join())).size).toBe(6);
  });

  test("are gone when wiped", () => {
    const secrets: DeviceSecrets = createDeviceSecrets(primitives);
    wipeDeviceSecrets(secrets);
    for (const seed of [
      secrets.chainSeed,
      secrets.recordSeed,
      secrets.requestSeed,
      secrets.leafSeed,
      secrets.inboxSeed,
    ])
      expect(seed).toEqual(new Uint8Array(32));
  });

  test("are never in a certificate", async () => {
    const certificate = await certifyDevice(primitives, handle, laptop);
    const published = hexOf(concatBytes(...Object.values(certificate.keys), ...Object.values(certificate.possession)));
    for (const seed of [laptop.chainSeed, laptop.recordSeed, laptop.requestSeed, laptop.leafSeed, laptop.inboxSeed])
      expect(published.includes(hexOf(seed))).toBe(false);
    expect(published.includes(hexOf(laptop.deviceId))).toBe(true);
  });

  test("certify for one account only", async () => {
    const certificate = await certifyDevice(primitives, handle, laptop);
    expect(await verifyPossession(primitives, handle, certificate)).toBe(true);
    expect(await verifyPossession(primitives, parseHandle("bob@other.example"), certificate)).toBe(false);
    expect(
      await verifyPossession(primitives, handle, {
        ...certificate,
        keys: { ...certificate.keys, inboxKey: (await deviceKeysOf(primitives, phone)).inboxKey },
      }),
    ).toBe(false);
  });
});

describe("an account's chain", () => {
  test("is created, gets devices and loses one, and everybody who checks the published links sees the same", async () => {
    const created = await createChain(primitives, handle, laptop, day);
    const added = await addDevice(
      primitives,
      created.chain,
      laptop,
      await certifyDevice(primitives, handle, phone),
      day,
    );
    const further = await addDevice(
      primitives,
      added.chain,
      phone,
      await certifyDevice(primitives, handle, tablet),
      day + 1,
    );
    const revoked = await revokeDevice(primitives, further.chain, tablet, laptop.deviceId, day + 2);
    expect(ids(revoked.chain)).toEqual([phone.deviceId, tablet.deviceId]);
    expect(activeDevice(revoked.chain, laptop.deviceId, 3)?.keys).toEqual(await deviceKeysOf(primitives, laptop));

    const published = [created, added, further, revoked].map(({ statement }) =>
      encode(signedStatementCodec, statement),
    );
    const seen = await verifyChain(primitives, handle, published.map(decodeSignedStatement));
    expect(seen).toEqual(revoked.chain);
    checkPin(seen, pinOf(created.chain));
  });

  test("does not change when it is extended: state in, new state out", async () => {
    const { chain } = await createChain(primitives, handle, laptop, day);
    const before = structuredClone({ position: chain.position, hashes: chain.hashes, devices: chain.devices });
    await addDevice(primitives, chain, laptop, await certifyDevice(primitives, handle, phone), day);
    expect({ position: chain.position, hashes: chain.hashes, devices: chain.devices }).toEqual(before);
  });

  test("is the same bytes for the same secrets and day", async () => {
    const make = async (): Promise<Uint8Array> => {
      const seeded = primitivesOf("a seed for tests");
      return encode(
        signedStatementCodec,
        (await createChain(seeded, handle, createDeviceSecrets(seeded), day)).statement,
      );
    };
    expect(await make()).toEqual(await make());
  });

  test("is not extended by a device that may not, and signing says so before anything is published", async () => {
    const { chain } = await createChain(primitives, handle, laptop, day);
    const certificate = await certifyDevice(primitives, handle, tablet);
    await expect(addDevice(primitives, chain, phone, certificate, day)).rejects.toThrow(refusal("identity/bad-chain"));
    const withPhone = (await addDevice(primitives, chain, laptop, await certifyDevice(primitives, handle, phone), day))
      .chain;
    await addDevice(primitives, withPhone, phone, certificate, day);
    const without = (await revokeDevice(primitives, withPhone, laptop, phone.deviceId, day)).chain;
    await expect(addDevice(primitives, without, phone, certificate, day)).rejects.toThrow(
      refusal("identity/bad-chain"),
    );
    await expect(revokeDevice(primitives, without, laptop, phone.deviceId, day)).rejects.toThrow(
      refusal("identity/bad-chain"),
    );
    await expect(revokeDevice(primitives, without, laptop, laptop.deviceId, day)).rejects.toThrow(
      refusal("identity/bad-chain"),
    );
    await expect(
      addDevice(primitives, without, laptop, await certifyDevice(primitives, handle, phone), day),
    ).rejects.toThrow(refusal("identity/bad-chain"));
  });

  test("does not take a device that was certified for another account, or that uses another's secrets under a new id", async () => {
    const { chain } = await createChain(primitives, handle, laptop, day);
    const elsewhere = await certifyDevice(primitives, parseHandle("eve@acme.example"), phone);
    await expect(addDevice(primitives, chain, laptop, elsewhere, day)).rejects.toThrow(
      refusal("identity/bad-signature"),
    );
    const copy = { ...laptop, deviceId: primitives.random(16) };
    await expect(
      addDevice(primitives, chain, laptop, await certifyDevice(primitives, handle, copy), day),
    ).rejects.toThrow(refusal("identity/bad-chain"));
    await addDevice(primitives, chain, laptop, await certifyDevice(primitives, handle, phone), day);
  });
});
