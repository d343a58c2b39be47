import { flipBit } from "@bulla/testkit/properties";
import { describe, expect, test } from "vitest";
import { bytesOfHex, concatBytes, hexOf, utf8 } from "../encoding/bytes.ts";
import golden from "../golden.json" with { type: "json" };
import { verifier } from "../signing-device.fixture.ts";
import { capabilityHash, leaseName, nextHead, proofBytes, streamId } from "./stream-id.ts";

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? expect.fail("not hex");
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => verifier.sha256(concatBytes(...parts));
const { stream } = golden;
const address = { kind: stream.kind, writeKey: bytesOf(stream.writeKey), readSecret: bytesOf(stream.readSecret) };

describe("stream ids, heads and proofs", () => {
  test("the worked example of the protocol pages holds, byte for byte", () => {
    expect(hexOf(streamId(verifier, address))).toBe(stream.sid);
    expect(hexOf(proofBytes(bytesOf(stream.nonce), bytesOf(stream.sid)))).toBe(stream.proofBytes);
    expect(hexOf(nextHead(verifier, bytesOf(stream.head), bytesOf(stream.recordId), bytesOf(stream.bodyHash)))).toBe(
      stream.nextHead,
    );
    expect(hexOf(leaseName(verifier, bytesOf(stream.deleteToken)))).toBe(stream.leaseName);
    expect(hexOf(capabilityHash(verifier, bytesOf(stream.capability)))).toBe(stream.capabilityHash);
  });

  test("they are the formulas of the protocol pages", () => {
    const { kind, writeKey, readSecret } = address;
    expect(streamId(verifier, address)).toEqual(
      sha256(utf8("bulla/1 stream id\0"), Uint8Array.of(kind), writeKey, sha256(readSecret)),
    );
    expect(proofBytes(writeKey, readSecret)).toEqual(concatBytes(utf8("bulla/1 stream proof\0"), writeKey, readSecret));
    expect(nextHead(verifier, writeKey, readSecret.subarray(0, 16), readSecret)).toEqual(
      sha256(utf8("bulla/1 head\0"), writeKey, readSecret.subarray(0, 16), readSecret),
    );
    expect(leaseName(verifier, readSecret)).toEqual(sha256(utf8("bulla/1 lease token\0"), readSecret));
    expect(capabilityHash(verifier, readSecret)).toEqual(sha256(utf8("bulla/1 inbox capability\0"), readSecret));
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
      note(streamId(verifier, { kind, writeKey: flipBit(writeKey, bit), readSecret }));
      note(streamId(verifier, { kind, writeKey, readSecret: flipBit(readSecret, bit) }));
      if (bit > 0) note(streamId(verifier, { kind: kind ^ bit, writeKey, readSecret }));
      note(nextHead(verifier, flipBit(writeKey, bit), readSecret.subarray(0, 16), readSecret));
      note(nextHead(verifier, writeKey, readSecret.subarray(0, 16), flipBit(readSecret, bit)));
      if (bit < 128) note(nextHead(verifier, writeKey, flipBit(readSecret.subarray(0, 16), bit), readSecret));
      note(leaseName(verifier, flipBit(readSecret, bit)));
      note(capabilityHash(verifier, flipBit(readSecret, bit)));
      note(proofBytes(flipBit(writeKey, bit), readSecret));
      note(proofBytes(writeKey, flipBit(readSecret, bit)));
    }
    expect(results.size).toBe(count);
  });
});
