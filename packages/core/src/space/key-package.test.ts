import { hexOf } from "@bulla/wire";
import * as mls from "ts-mls";
import { expect, test } from "vitest";
import { createKeyPackage, decodeKeyPackagePair, keyPackageReference, verifyClaimedPackage } from "./key-package.ts";
import type { Device } from "./testing/ground.fixture.ts";
import { keyPackage, profile } from "./testing/hostile-leaf.fixture.ts";
import { answer, flipped, present, utf8 } from "./testing/present.fixture.ts";
import { day, World } from "./testing/world.fixture.ts";

const world = new World();
const { primitives } = world;
const alice = await world.enrol("alice");
const extension = { extensionType: 0xf00d, extensionData: utf8("x") };

const claim = (bytes: Uint8Array, { me }: Device = alice, today: number = day): Promise<string> =>
  answer(() =>
    verifyClaimedPackage(
      primitives,
      bytes,
      me,
      present(world.chainOf(me.handle).devices.get(hexOf(me.deviceId))),
      today,
    ),
  );
const message = (made: mls.KeyPackage): Uint8Array =>
  mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage: made });

test("a KeyPackage verifies for its device, and its private half comes back from the store", async () => {
  const created = await createKeyPackage(primitives, alice.me, alice.secrets, day);
  expect(await claim(created.publicPackage)).toBe("accepted");
  const pair = decodeKeyPackagePair(created.privatePackage, alice.secrets);
  expect(message(pair.publicPackage)).toEqual(created.publicPackage);
  expect(await keyPackageReference(primitives, pair.publicPackage)).toEqual(created.reference);
  expect(await answer(() => decodeKeyPackagePair(created.privatePackage.subarray(1), alice.secrets))).toBe(
    "wire/malformed",
  );
});

test("a KeyPackage of another device, account, suite or signature key is refused", async () => {
  const [bob, phone] = [await world.enrol("bob"), await world.enrolSecond(alice)];
  for (const other of [bob, phone])
    expect(await claim(message(await keyPackage(world, other)))).toBe("contact/no-device");
  const renamed = { me: bob.me, secrets: alice.secrets };
  expect(await claim(message(await keyPackage(world, renamed)))).toBe("contact/no-device");
  const signKey = primitives.random(32);
  const signatureKeys = { signKey, publicKey: primitives.ed25519PublicKey(signKey) };
  expect(await claim(message(await keyPackage(world, alice, { signatureKeys })))).toBe("contact/no-device");
  const suite = { ...primitives.mls, name: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519" } as const;
  expect(await claim(message(await keyPackage(world, alice, { suite })))).toBe("contact/no-device");
});

test("a KeyPackage with extensions, or of a leaf that is not able to do what a space needs, is refused before anybody commits it", async () => {
  expect(await claim(message(await keyPackage(world, alice, { extensions: [extension] })))).toBe("contact/no-device");
  const capabilities = { ...profile, extensions: [0xf00d] };
  expect(await claim(message(await keyPackage(world, alice, { capabilities, leafExtensions: [extension] })))).toBe(
    "contact/no-device",
  );
  for (const unable of [{ credentials: [] }, { versions: [] }, { ciphersuites: [] }]) {
    expect(await claim(message(await keyPackage(world, alice, { capabilities: { ...profile, ...unable } })))).toBe(
      "contact/no-device",
    );
  }
});

test("a KeyPackage with a changed key or signature, trailing bytes, or past its lifetime is refused", async () => {
  const made = await keyPackage(world, alice);
  const { leafNode } = made;
  const hostile: readonly mls.KeyPackage[] = [
    { ...made, initKey: flipped(made.initKey, 0) },
    { ...made, signature: flipped(made.signature, 0) },
    { ...made, leafNode: { ...leafNode, hpkePublicKey: flipped(leafNode.hpkePublicKey, 0) } },
    { ...made, leafNode: { ...leafNode, signature: flipped(leafNode.signature, 0) } },
  ];
  for (const changed of hostile) expect(await claim(message(changed))).toBe("contact/no-device");
  expect(await claim(new Uint8Array([...message(made), 0]))).toBe("wire/malformed");
  expect(await claim(utf8("not a key package"))).toBe("wire/malformed");
  expect(await claim(message(made), alice, day + 365)).toBe("contact/no-device");
});

test("a KeyPackage is refused on every day on which the library would not add it, and taken on all others", async () => {
  const { publicPackage } = await createKeyPackage(primitives, alice.me, alice.secrets, day);
  const answers = async (days: readonly number[]): Promise<readonly string[]> =>
    Promise.all(days.map((later) => claim(publicPackage, alice, day + later)));
  expect(await answers([-1, 0, 1, 88])).toEqual(["accepted", "accepted", "accepted", "accepted"]);
  expect(await answers([-2000, -2, 89, 90, 2000])).toEqual(Array(5).fill("contact/no-device"));
});
