import { describe, expect, test } from "vitest";
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from "./api/frames.ts";
import { type HttpRequestParts, signRequest, verifyRequest } from "./api/signed-request.ts";
import { bytesOfHex, hexOf, utf8 } from "./encoding/bytes.ts";
import { encode } from "./encoding/codec.ts";
import golden from "./golden.json" with { type: "json" };
import { parseHandle } from "./handle.ts";
import { verifyChain } from "./identity/chain.ts";
import { createFingerprint, decodeSignedStatement, signedStatementCodec, statementHash } from "./identity/statement.ts";
import { type Manifest, manifestCodec, manifestHash } from "./receipt/manifest.ts";
import { certificateOf, linkAfter, signingDevice, verifier } from "./signing-device.fixture.ts";

const bytesOf = (hex: string): Uint8Array => bytesOfHex(hex) ?? expect.fail("not hex");
const counting = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i);
const { frames, identity, manifest, request } = golden;

/** Streams are in `stream/stream-id.test.ts`. */
describe("the worked examples of the protocol pages hold, byte for byte:", () => {
  test("frames", () => {
    expect(
      hexOf(
        encodeRequest({
          id: 1,
          operation: {
            kind: "attach",
            streamKind: 1,
            writeKey: counting(0, 32),
            readSecret: counting(0x20, 32),
            proof: null,
          },
        }),
      ),
    ).toBe(frames.attach);
    expect(
      hexOf(encodeRequest({ id: 2, operation: { kind: "read", sid: counting(0x40, 32), from: 24, max: 256 } })),
    ).toBe(frames.read);
    expect(hexOf(encodeAnswer({ kind: "hello", nonce: counting(0x60, 32), day: 20_000 }))).toBe(frames.hello);
    expect(hexOf(encodeAnswer({ kind: "result", id: 3, result: { kind: "appended", position: 1000 } }))).toBe(
      frames.appended,
    );
    expect(decodeRequest(bytesOf(frames.attach)).operation.kind).toBe("attach");
    expect(decodeAnswer(bytesOf(frames.hello)).kind).toBe("hello");
  });

  test("the first link of an identity chain", async () => {
    const handle = parseHandle("bob@acme.example");
    const link = decodeSignedStatement(bytesOf(identity.link));
    await verifyChain(verifier, handle, [link]);
    expect(hexOf(statementHash(verifier, link))).toBe(identity.statementHash);
    expect(hexOf(createFingerprint(verifier, link))).toBe(identity.createFingerprint);
    const laptop = signingDevice("laptop");
    const made = linkAfter([], laptop, { kind: "create", handle, device: certificateOf(laptop, handle) });
    expect(hexOf(encode(signedStatementCodec, made))).toBe(identity.link);
  });

  test("a manifest", () => {
    const value: Manifest = {
      version: 1,
      files: [{ path: "a/b.txt", size: 3, sha256: verifier.sha256(utf8("abc")) }],
    };
    expect(hexOf(encode(manifestCodec, value))).toBe(manifest.bytes);
    expect(hexOf(manifestHash(verifier, value))).toBe(manifest.hash);
  });

  test("a signed request", async () => {
    const parts: HttpRequestParts = {
      method: "POST",
      url: "http://127.0.0.1:7400/v1/accounts/bob/claims?x=1",
      body: utf8("body"),
    };
    const { request: key } = signingDevice("laptop");
    const signer = { keyId: "bob/00ff", nonce: "AAECAwQFBgc", sign: async (message: Uint8Array) => key.sign(message) };
    expect(await signRequest(parts, signer, verifier.sha256)).toEqual(request.headers);
    const verified = await verifyRequest(
      parts,
      request.headers,
      async () => (message, signature) => verifier.verifyEd25519(bytesOf(request.publicKey), message, signature),
      verifier.sha256,
    );
    expect(verified).toEqual({ keyId: "bob/00ff", nonce: "AAECAwQFBgc" });
  });
});
