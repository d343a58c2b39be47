import { createHash } from "node:crypto";
import { flipBit } from "@bulla/testkit/properties";
import { describe, expect, test } from "vitest";
import { bytesOfHex, concatBytes, hexOf, utf8 } from "../encoding/bytes.ts";
import golden from "../golden.json" with { type: "json" };
import { nodeVerifier } from "../signing-device.fixture.ts";
import { capabilityHash, leaseName, nextHead, proofBytes, streamId } from "./stream-id.ts";

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? expect.fail("not hex");
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  new Uint8Array(
    createHash("sha256")
      .update(concatBytes(...parts))
      .digest(),
  );
const { stream } = golden;
const address = { kind: stream.kind, writeKey: bytesOf(stream.writeKey), readSecret: bytesOf(stream.readSecret) };

describe("stream ids, heads and proofs", () => {
  test("the worked example of the protocol pages holds, byte for byte", () => {
    expect(hexOf(streamId(nodeVerifier, address))).toBe(stream.sid);
    expect(hexOf(proofBytes(bytesOf(stream.nonce), bytesOf(stream.sid)))).toBe(stream.proofBytes);
    expect(
      hexOf(nextHead(nodeVerifier, bytesOf(stream.head), bytesOf(stream.recordId), bytesOf(stream.bodyHash))),
    ).toBe(stream.nextHead);
    expect(hexOf(leaseName(nodeVerifier, bytesOf(stream.deleteToken)))).toBe(stream.leaseName);
    expect(hexOf(capabilityHash(nodeVerifier, bytesOf(stream.capability)))).toBe(stream.capabilityHash);
  });

  test("they are the formulas of the protocol pages", () => {
    const { kind, writeKey, readSecret } = address;
    expect(streamId(nodeVerifier, address)).toEqual(
      sha256(utf8("bulla/1 stream id\0"), Uint8Array.of(kind), writeKey, sha256(readSecret)),
    );
    expect(proofBytes(writeKey, readSecret)).toEqual(concatBytes(utf8("bulla/1 stream proof\0"), writeKey, readSecret));
    expect(nextHead(nodeVerifier, writeKey, readSecret.subarray(0, 16), readSecret)).toEqual(
      sha256(utf8("bulla/1 head\0"), writeKey, readSecret.subarray(0, 16), readSecret),
    );
    expect(leaseName(nodeVerifier, readSecret)).toEqual(sha256(utf8("bulla/1 lease token\0"), readSecret));
    expect(capabilityHash(nodeVerifier, readSecret)).toEqual(sha256(utf8("bulla/1 inbox capability\0"), readSecret));
  });

  test("a change of any bit of any input changes the result", () => {
    const results = new Set<string>();
    let count = 0;
    const note = (result: Uint8Array): void => {
      count++;
      results.add(hexOf(result));
    };
    const { kind, writeKey, readSecret } = address;
    for (let bit = 0; bit < 256; bit++) {
      note(streamId(nodeVerifier, { kind, writeKey: flipBit(writeKey, bit), readSecret }));
      note(streamId(nodeVerifier, { kind, writeKey, readSecret: flipBit(readSecret, bit) }));
      if (bit > 0) note(streamId(nodeVerifier, { kind: kind ^ bit, writeKey, readSecret }));
      note(nextHead(nodeVerifier, flipBit(writeKey, bit), readSecret.subarray(0, 16), readSecret));
      note(nextHead(nodeVerifier, writeKey, readSecret.subarray(0, 16), flipBit(readSecret, bit)));
      if (bit < 128) note(nextHead(nodeVerifier, writeKey, flipBit(readSecret.subarray(0, 16), bit), readSecret));
      note(leaseName(nodeVerifier, flipBit(readSecret, bit)));
      note(capabilityHash(nodeVerifier, flipBit(readSecret, bit)));
      note(proofBytes(flipBit(writeKey, bit), readSecret));
      note(proofBytes(writeKey, flipBit(readSecret, bit)));
    }
    expect(results.size).toBe(count);
  });
});
