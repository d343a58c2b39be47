import { describe, expect, test } from "vitest";
import { encodeCbor } from "../encoding/cbor.ts";
import { parseHandle } from "../handle.ts";
import { limits } from "../limits.ts";
import {
  certificateOf,
  linkAfter,
  randomOf,
  type SigningDevice,
  signedBy,
  signingDevice,
  verifier,
} from "../signing-device.fixture.ts";
import {
  add,
  addCertificate,
  chainOf,
  check,
  create,
  created,
  handle,
  laptop,
  phone,
  refused,
  revoke,
  revoked,
  tablet,
  two,
} from "./chain.fixture.ts";
import { activeDevices } from "./chain.ts";
import type { DeviceCertificate } from "./device-certificate.ts";
import { type SignedStatement, type StatementBody, statementHash } from "./statement.ts";

describe("a chain is refused when", () => {
  test("it is empty", () => refused([], "identity/bad-chain", /empty/));

  test("it has more links than any may have", () =>
    refused(
      Array.from({ length: limits.maxChainStatements + 1 }, () => created[0] ?? expect.fail()),
      "identity/bad-chain",
      /too long/,
    ));

  test("a link has the wrong index", async () => {
    await refused(
      [...created, linkAfter(created, laptop, add(phone), { index: 2 })],
      "identity/bad-chain",
      /wrong index/,
    );
    await refused(
      [...created, linkAfter(created, laptop, add(phone), { index: 0 })],
      "identity/bad-chain",
      /wrong index/,
    );
    await check([...created, linkAfter(created, laptop, add(phone), { index: 1 })]);
  });

  test("the first link has another index than 0", () =>
    refused([linkAfter([], laptop, create(laptop), { index: 1 })], "identity/bad-chain", /wrong index/));

  test("a link names another link before it", async () => {
    await refused(
      [...created, linkAfter(created, laptop, add(phone), { previous: randomOf(32) })],
      "identity/bad-chain",
      /does not follow/,
    );
    await refused(
      [...created, linkAfter(created, laptop, add(phone), { previous: new Uint8Array(32) })],
      "identity/bad-chain",
      /does not follow/,
    );
    await refused(
      [linkAfter([], laptop, create(laptop), { previous: randomOf(32) })],
      "identity/bad-chain",
      /does not follow/,
    );
  });

  test("links change places, repeat or are left out", async () => {
    const [first, second, third] = revoked;
    if (first === undefined || second === undefined || third === undefined) return expect.fail();
    await refused([second, first, third], "identity/bad-chain");
    await refused([first, third], "identity/bad-chain");
    await refused([first, second, second], "identity/bad-chain");
    await refused([second, third], "identity/bad-chain");
  });

  test("it is created a second time", () =>
    refused([...created, linkAfter(created, laptop, create(phone))], "identity/bad-chain", /create/));

  test("it does not begin with create", () =>
    refused([linkAfter([], laptop, add(laptop))], "identity/bad-chain", /create/));

  test("it is asked for under another handle, even of the same host", async () => {
    await refused(created, "identity/bad-chain", /another handle/, parseHandle("eve@acme.example"));
    await refused(
      chainOf([laptop, create(laptop, parseHandle("eve@acme.example"))]),
      "identity/bad-chain",
      /another handle/,
    );
  });

  test("the first link is signed by another device", async () => {
    await refused([linkAfter([], phone, create(laptop))], "identity/bad-chain", /own device/);
    const borrowed: SigningDevice = { ...laptop, chain: phone.chain };
    await refused([linkAfter([], borrowed, create(laptop))], "identity/bad-signature");
  });

  test("a link is signed by a device that the chain does not know", () =>
    refused([...created, linkAfter(created, phone, add(phone))], "identity/bad-chain", /not active/));

  test("a link is signed by a suspended device", async () => {
    await check([...two, linkAfter(two, phone, add(tablet))]);
    await refused([...revoked, linkAfter(revoked, phone, add(tablet))], "identity/bad-chain", /not active/);
  });

  test("a link is signed in another device's name", async () => {
    const borrowed: SigningDevice = { ...laptop, chain: phone.chain };
    await refused([...two, linkAfter(two, borrowed, add(tablet))], "identity/bad-signature", /signature/);
  });

  test("a link is signed by another key of the same device", async () => {
    for (const key of [laptop.record, laptop.request, laptop.leaf]) {
      await refused([...created, linkAfter(created, { ...laptop, chain: key }, add(phone))], "identity/bad-signature");
    }
  });

  test("a device's id is used again, even after it was revoked", async () => {
    const again = (before: readonly SignedStatement[], deviceId: Uint8Array): readonly SignedStatement[] => {
      const keys = { ...tablet.keys, deviceId };
      return [
        ...before,
        linkAfter(before, laptop, addCertificate(certificateOf({ ...tablet, id: deviceId }, handle, keys))),
      ];
    };
    await refused(again(two, phone.id), "identity/bad-chain", /used before/);
    await refused(again(revoked, phone.id), "identity/bad-chain", /used before/);
    await check(again(revoked, tablet.id));
  });

  test.each(["chain", "record", "request", "leaf"] as const)(
    "a new device has the %s key of another",
    async (purpose) => {
      for (const before of [two, revoked]) {
        const keys = { ...tablet.keys, [`${purpose}Key`]: phone.keys[`${purpose}Key`] };
        await refused(
          [
            ...before,
            linkAfter(
              before,
              laptop,
              addCertificate(certificateOf({ ...tablet, [purpose]: phone[purpose] }, handle, keys)),
            ),
          ],
          "identity/bad-chain",
          /used before/,
        );
        await check([...before, linkAfter(before, laptop, add(tablet))]);
      }
    },
  );

  test("a new device has the inbox key of another", () =>
    refused(
      [
        ...two,
        linkAfter(
          two,
          laptop,
          addCertificate(certificateOf(tablet, handle, { ...tablet.keys, inboxKey: phone.keys.inboxKey })),
        ),
      ],
      "identity/bad-chain",
      /used before/,
    ));

  test("a new device's key was another's for another purpose", () =>
    refused(
      [
        ...two,
        linkAfter(
          two,
          laptop,
          addCertificate(
            certificateOf({ ...tablet, leaf: phone.record }, handle, { ...tablet.keys, leafKey: phone.keys.recordKey }),
          ),
        ),
      ],
      "identity/bad-chain",
      /used before/,
    ));

  test("a device has one key for two purposes, as the first or a further one", async () => {
    const twice = (device: SigningDevice): DeviceCertificate =>
      certificateOf({ ...device, leaf: device.record }, handle, { ...device.keys, leafKey: device.keys.recordKey });
    await refused(
      [linkAfter([], laptop, { kind: "create", handle, device: twice(laptop) })],
      "identity/bad-chain",
      /one key twice/,
    );
    await refused(
      [...created, linkAfter(created, laptop, addCertificate(twice(phone)))],
      "identity/bad-chain",
      /one key twice/,
    );
  });

  test.each(["chain", "record", "request", "leaf"] as const)(
    "a device does not prove that it holds its %s key",
    async (purpose) => {
      const honest = certificateOf(phone, handle);
      for (const possession of [
        new Uint8Array(64),
        tablet[purpose].sign(randomOf(32)),
        certificateOf(phone, parseHandle("eve@acme.example")).possession[purpose],
      ]) {
        const certificate = { ...honest, possession: { ...honest.possession, [purpose]: possession } };
        await refused(
          [...created, linkAfter(created, laptop, addCertificate(certificate))],
          "identity/bad-signature",
          /prove/,
        );
      }
      await check([...created, linkAfter(created, laptop, addCertificate(honest))]);
    },
  );

  test("a device proves its keys with the proofs of other purposes", async () => {
    const honest = certificateOf(phone, handle);
    const { chain, record, request, leaf } = honest.possession;
    await refused(
      [
        ...created,
        linkAfter(
          created,
          laptop,
          addCertificate({ ...honest, possession: { chain: record, record: request, request: leaf, leaf: chain } }),
        ),
      ],
      "identity/bad-signature",
    );
  });

  test("a device was certified for another account", async () => {
    const elsewhere = certificateOf(phone, parseHandle("bob@other.example"));
    await refused(
      [...created, linkAfter(created, laptop, addCertificate(elsewhere))],
      "identity/bad-signature",
      /prove/,
    );
    await refused(
      [
        linkAfter([], laptop, {
          kind: "create",
          handle,
          device: certificateOf(laptop, parseHandle("bob@other.example")),
        }),
      ],
      "identity/bad-signature",
      /prove/,
    );
  });

  test("an unknown device is revoked", () =>
    refused([...two, linkAfter(two, laptop, revoke(tablet))], "identity/bad-chain", /not active/));

  test("a device is revoked twice", () =>
    refused([...revoked, linkAfter(revoked, laptop, revoke(phone))], "identity/bad-chain", /not active/));

  test("the last device is revoked", async () => {
    await refused([...created, linkAfter(created, laptop, revoke(laptop))], "identity/bad-chain", /last device/);
    await refused([...revoked, linkAfter(revoked, laptop, revoke(laptop))], "identity/bad-chain", /last device/);
    await check([...two, linkAfter(two, laptop, revoke(laptop))]);
  });

  test("an account has too many active devices, revoked ones not counted", async () => {
    const links = [...created];
    for (let i = 1; i < limits.maxDevicesPerAccount; i++)
      links.push(linkAfter(links, laptop, add(signingDevice(`device ${i}`))));
    await check(links);
    await refused([...links, linkAfter(links, laptop, add(phone))], "identity/bad-chain", /too many devices/);
    links.push(linkAfter(links, laptop, revoke(signingDevice("device 1"))));
    expect(activeDevices(await check([...links, linkAfter(links, laptop, add(phone))]))).toHaveLength(
      limits.maxDevicesPerAccount,
    );
  });

  test.each<readonly [string, StatementBody]>([
    ["set-recovery", { kind: "setRecovery", recoveryKey: new Uint8Array(32) }],
    ["reset", { kind: "reset", device: certificateOf(tablet, handle) }],
  ])("it holds a %s statement, whose rules do not exist yet", async (_, body) => {
    await refused([...two, linkAfter(two, laptop, body)], "identity/unsupported-statement");
    await refused([linkAfter([], laptop, body)], "identity/unsupported-statement");
  });

  test("a statement is of another version, malformed or too large", async () => {
    const statement = (version: number): Uint8Array =>
      encodeCbor([version, 1, statementHash(verifier, created[0] ?? expect.fail()), 1, [3, [phone.id]]]);
    await refused([...created, signedBy(laptop, statement(2))], "wire/unsupported-version");
    await refused([...created, signedBy(laptop, statement(1))], "identity/bad-chain", /not active/);
    await refused([...created, signedBy(laptop, randomOf(40).fill(0xff))], "wire/malformed");
    await refused([...created, signedBy(laptop, new Uint8Array(limits.maxStatementBytes + 1))], "wire/too-large");
    await refused(
      [
        ...created,
        signedBy(laptop, encodeCbor([1, limits.maxChainStatements, new Uint8Array(32), 1, [3, [phone.id]]])),
      ],
      "wire/malformed",
    );
  });
});
