import { flipBit } from "@bulla/testkit/properties";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { equalBytes, hexOf } from "../encoding/bytes.ts";
import { encode } from "../encoding/codec.ts";
import { isBullaError } from "../errors.ts";
import { limits } from "../limits.ts";
import { linkAfter, randomOf, type SigningDevice, verifier } from "../signing-device.fixture.ts";
import {
  add,
  chainOf,
  check,
  create,
  created,
  laptop,
  phone,
  refused,
  revoke,
  revoked,
  tablet,
  two,
} from "./chain.fixture.ts";
import { activeDevice, activeDevices, checkPin, extendChain, pinOf, type VerifiedChain } from "./chain.ts";
import {
  createFingerprint,
  decodeSignedStatement,
  signedStatementCodec,
  statementCodec,
  statementHash,
} from "./statement.ts";

describe("an honest chain", () => {
  test("starts with its first device, grows by devices, and suspends one", async () => {
    const chain = await check(
      chainOf([laptop, create(laptop)], [laptop, add(phone)], [phone, add(tablet)], [tablet, revoke(laptop)]),
    );
    expect(chain.position).toBe(4);
    expect(chain.hashes.map(hexOf)).toEqual(chain.statements.map((link) => hexOf(statementHash(verifier, link))));
    expect(activeDevices(chain).map((device) => hexOf(device.keys.deviceId))).toEqual([
      hexOf(phone.id),
      hexOf(tablet.id),
    ]);
    expect(chain.createFingerprint).toEqual(createFingerprint(verifier, chain.statements[0] ?? expect.fail()));
  });

  test("may be checked link by link with the same result", async () => {
    let chain = await check(revoked.slice(0, 1));
    for (const link of revoked.slice(1)) chain = await extendChain(verifier, chain, link);
    expect(chain).toEqual(await check(revoked));
  });

  test("survives the wire", async () => {
    const again = revoked.map((link) => decodeSignedStatement(encode(signedStatementCodec, link)));
    expect(await check(again)).toEqual(await check(revoked));
  });

  test("a device may revoke itself when it is not the last", async () => {
    expect(
      activeDevices(await check(chainOf([laptop, create(laptop)], [laptop, add(phone)], [phone, revoke(phone)]))),
    ).toHaveLength(1);
  });
});

test("a flipped bit anywhere in any link is refused", async () => {
  const pin = pinOf(await check(revoked));
  const places = fc.tuple(fc.nat(revoked.length - 1), fc.nat(1 << 20));
  await fc.assert(
    fc.asyncProperty(places, async ([at, bit]) => {
      const link = revoked[at] ?? expect.fail();
      const changed = flipBit(encode(signedStatementCodec, link), bit);
      const accepted = await (async () =>
        check(revoked.map((one, i) => (i === at ? decodeSignedStatement(changed) : one))))().catch((error: unknown) => {
        if (!isBullaError(error)) throw error;
      });
      if (accepted !== undefined)
        expect(() => checkPin(accepted, pin)).toThrow(expect.objectContaining({ code: "identity/pin-mismatch" }));
    }),
    { numRuns: 400 },
  );
});

test("a flipped bit in the last link, signed by nobody else, is never accepted", async () => {
  const before = await check(two);
  const link = revoked[2] ?? expect.fail();
  for (let bit = 0; bit < encode(signedStatementCodec, link).length * 8; bit++) {
    const work = async (): Promise<VerifiedChain> =>
      extendChain(verifier, before, decodeSignedStatement(flipBit(encode(signedStatementCodec, link), bit)));
    await expect(work()).rejects.toMatchObject({ name: "BullaError" });
  }
});

describe("a pin", () => {
  test("accepts the same chain and a longer one", async () => {
    const pin = pinOf(await check(two));
    expect(pin.position).toBe(2);
    checkPin(await check(two), pin);
    checkPin(await check(revoked), pin);
    checkPin(await check(revoked), pinOf(await check(revoked), 1));
  });

  test("refuses a shorter chain", async () => {
    const pin = pinOf(await check(revoked));
    const shorter = await check(two);
    expect(() => checkPin(shorter, pin)).toThrow(expect.objectContaining({ code: "identity/chain-shortened" }));
  });

  test("refuses a chain that differs at the pinned position, of the same length or longer", async () => {
    const other = chainOf([laptop, create(laptop)], [laptop, add(tablet)]);
    const longer = [...other, linkAfter(other, laptop, add(phone))];
    const pin = pinOf(await check(two));
    for (const links of [other, longer]) {
      const chain = await check(links);
      expect(() => checkPin(chain, pin)).toThrow(expect.objectContaining({ code: "identity/pin-mismatch" }));
    }
    checkPin(await check(other), pinOf(await check(two), 1));
  });

  test("refuses another identity under the same handle", async () => {
    const pin = pinOf(await check(created));
    const other = await check(chainOf([phone, create(phone)]));
    expect(equalBytes(other.createFingerprint, (await check(created)).createFingerprint)).toBe(false);
    expect(() => checkPin(other, pin)).toThrow(expect.objectContaining({ code: "identity/pin-mismatch" }));
  });

  test("exists only for positions that the chain has", async () => {
    const chain = await check(two);
    for (const position of [0, 3, -1, 1.5])
      expect(() => pinOf(chain, position)).toThrow(expect.objectContaining({ code: "identity/bad-chain" }));
    expect(() => checkPin(chain, { position: 0, hash: new Uint8Array(32) })).toThrow(
      expect.objectContaining({ code: "identity/pin-mismatch" }),
    );
  });
});

describe("a device is active", () => {
  test("from the position after the link that adds it, up to the link that revokes it", async () => {
    const chain = await check([...revoked, linkAfter(revoked, laptop, add(tablet))]);
    const at = (device: SigningDevice): readonly boolean[] =>
      [0, 1, 2, 3, 4, 5].map((position) => activeDevice(chain, device.id, position) !== undefined);
    expect(at(laptop)).toEqual([false, true, true, true, true, false]);
    expect(at(phone)).toEqual([false, false, true, false, false, false]);
    expect(at(tablet)).toEqual([false, false, false, false, true, false]);
    expect([1, 2, 3, 4].map((position) => activeDevices(chain, position).length)).toEqual([1, 2, 1, 2]);
    expect(activeDevice(chain, phone.id)).toBeUndefined();
    expect(activeDevice(chain, laptop.id)?.keys).toEqual(laptop.keys);
    expect(activeDevice(chain, randomOf(16))).toBeUndefined();
  });
});

test("what is signed, hashed and proven begins with a label of its own", async () => {
  const link = created[0] ?? expect.fail();
  expect(equalBytes(statementHash(verifier, link), createFingerprint(verifier, link))).toBe(false);
  const asIs = { ...link, signature: laptop.chain.sign(link.statement) };
  await refused([asIs], "identity/bad-signature");
  expect(
    encode(statementCodec, { version: 1, index: 0, previous: new Uint8Array(32), day: 0, body: create(laptop) }).length,
  ).toBeLessThan(limits.maxStatementBytes);
});
