import { createSignature, type RequestDescriptor, verifySignature } from "http-message-sig";
import { describe, expect, test } from "vitest";
import { bytesOfHex, utf8 } from "../encoding/bytes.ts";
import { BullaError } from "../errors.ts";
import { type SigningKey, signingKey, verifier } from "../signing-device.fixture.ts";
import {
  canonicalAuthority,
  type HttpRequestParts,
  type SignatureHeaders,
  signRequest,
  type VerifiedRequest,
  verifyRequest,
} from "./signed-request.ts";

/** RFC 9421 §B.1.4, the seed inside `test-key-ed25519`. */
const rfcKey = signingKey(
  bytesOfHex("9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5") ?? expect.unreachable(),
);
/** RFC 9421 §B.2, `test-request`. */
const rfcRequest: RequestDescriptor = {
  kind: "request",
  method: "POST",
  targetUri: "https://example.com/foo?param=Value&Pet=dog",
  fields: [
    { name: "Host", value: "example.com" },
    { name: "Date", value: "Tue, 20 Apr 2021 02:07:55 GMT" },
    { name: "Content-Type", value: "application/json" },
    {
      name: "Content-Digest",
      value: "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    },
    { name: "Content-Length", value: "18" },
  ],
};
/** RFC 9421 §B.2.6. */
const rfcInput =
  'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
const rfcSignature =
  "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:";

describe("RFC 9421 appendix B.2.6", () => {
  test("the library that we sign with makes the published signature", async () => {
    const fields = await createSignature(rfcRequest, {
      label: "sig-b26",
      components: ["date", "@method", "@path", "@authority", "content-type", "content-length"],
      parameters: { created: 1618884473, keyid: "test-key-ed25519" },
      signer: { algorithm: "ed25519", sign: (message) => rfcKey.sign(message) },
    });
    expect(fields).toEqual({ signatureInput: rfcInput, signature: rfcSignature });
  });

  test.each([
    ["verifies the published signature", "POST", true],
    ["refuses it for another method", "PUT", false],
  ])("the library that we verify with %s", async (_, method, valid) => {
    const fields = [
      ...rfcRequest.fields,
      { name: "Signature-Input", value: rfcInput },
      { name: "Signature", value: rfcSignature },
    ];
    const checked = verifySignature(
      { ...rfcRequest, method, fields },
      {
        label: "sig-b26",
        policy: { algorithms: ["ed25519"], requiredComponents: ["@method"], requiredParameters: ["keyid"] },
        resolveVerifier: () => ({
          algorithm: "ed25519",
          verify: (message, signature) => verifier.verifyEd25519(rfcKey.publicKey, message, signature),
        }),
      },
    );
    if (valid) await expect(checked).resolves.toMatchObject({ label: "sig-b26" });
    else await expect(checked).rejects.toThrow();
  });
});

const { sha256 } = verifier;
const device = signingKey(sha256(utf8("request key")));
const stranger = signingKey(sha256(utf8("another request key")));
const parts: HttpRequestParts = {
  method: "PUT",
  url: "https://acme.example/v1/accounts/bob/devices/00ff/key-packages?from=3&x=%2F",
  body: utf8("body"),
};
const claimed: VerifiedRequest = { keyId: "bob/00ff", nonce: "AAECAwQFBgc" };

type Headers = Readonly<Record<string, string | undefined>>;

const signedBy = (key: SigningKey, request: HttpRequestParts = parts, as = claimed): Promise<SignatureHeaders> =>
  signRequest(request, { ...as, sign: async (message) => key.sign(message) }, sha256);

const check = (request: HttpRequestParts, headers: Headers): Promise<VerifiedRequest> =>
  verifyRequest(
    request,
    headers,
    async ({ keyId }) =>
      keyId === claimed.keyId
        ? (message, signature) => verifier.verifyEd25519(device.publicKey, message, signature)
        : undefined,
    sha256,
  );

const refused = async (request: HttpRequestParts, headers: Headers): Promise<void> => {
  await expect(check(request, headers)).rejects.toMatchObject({
    name: "BullaError",
    code: "service/unauthorized",
    message: "request is not signed by a device of the account",
  });
};

describe("a signed request", () => {
  test("verifies as it was sent, and says by which key and nonce", async () => {
    const headers = await signedBy(device);
    await expect(check(parts, { ...headers })).resolves.toEqual(claimed);
    expect(headers["signature-input"]).toBe(
      'bulla=("@method" "@authority" "@path" "@query" "content-digest");keyid="bob/00ff";nonce="AAECAwQFBgc";alg="ed25519";tag="bulla-1"',
    );
    expect(headers["content-digest"]).toBe("sha-256=:Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU=:");
  });

  test.each<readonly [string, Partial<HttpRequestParts>]>([
    ["method", { method: "POST" }],
    ["path", { url: parts.url.replace("bob", "eve") }],
    ["spelling of the path", { url: parts.url.replace("/v1/", "/v1//") }],
    ["query", { url: parts.url.replace("from=3", "from=4") }],
    ["spelling of the query", { url: parts.url.replace("%2F", "/") }],
    ["query left out", { url: parts.url.replace(/\?.*/, "") }],
    ["query made longer", { url: `${parts.url}&y` }],
    ["authority", { url: parts.url.replace("acme.example", "evil.example") }],
    ["port", { url: parts.url.replace("acme.example", "acme.example:8443") }],
    ["body", { body: utf8("bodY") }],
    ["empty body", { body: new Uint8Array() }],
  ])("moved to another %s is refused", async (_, change) => {
    const headers = await signedBy(device);
    await check(parts, { ...headers });
    await refused({ ...parts, ...change }, { ...headers });
  });

  test("moved to another body with the digest made to fit is refused", async () => {
    const headers = await signedBy(device);
    const other = { ...parts, body: utf8("other") };
    const { "content-digest": digest } = await signedBy(stranger, other);
    await refused(other, { ...headers, "content-digest": digest });
  });

  test.each<readonly [string, (headers: SignatureHeaders) => Headers]>([
    ["another nonce", (h) => ({ ...h, "signature-input": h["signature-input"].replace("AAEC", "AAED") })],
    ["another device", (h) => ({ ...h, "signature-input": h["signature-input"].replace("00ff", "00fe") })],
    ["another tag", (h) => ({ ...h, "signature-input": h["signature-input"].replace("bulla-1", "bulla-2") })],
    [
      "another algorithm",
      (h) => ({ ...h, "signature-input": h["signature-input"].replace('"ed25519"', '"hmac-sha256"') }),
    ],
    [
      "another label",
      (h) => ({
        ...h,
        "signature-input": h["signature-input"].replace(/^bulla/, "other"),
        signature: h.signature.replace(/^bulla/, "other"),
      }),
    ],
    ["labels that do not agree", (h) => ({ ...h, signature: h.signature.replace(/^bulla/, "other") })],
    ["a component fewer", (h) => ({ ...h, "signature-input": h["signature-input"].replace(' "@query"', "") })],
    [
      "a component twice",
      (h) => ({ ...h, "signature-input": h["signature-input"].replace('"@query"', '"@query" "@query"') }),
    ],
    ["a parameter twice", (h) => ({ ...h, "signature-input": `${h["signature-input"]};nonce="AAECAwQFBgc"` })],
    ["no signature", (h) => ({ ...h, signature: undefined })],
    ["an empty signature", (h) => ({ ...h, signature: "" })],
    ["a signature that is no signature", (h) => ({ ...h, signature: "bulla=:AAAA:" })],
    [
      "a signature with one other bit",
      (h) => ({
        ...h,
        signature: h.signature.replace(/=:(.)/, (_, first: string) => `=:${first === "A" ? "B" : "A"}`),
      }),
    ],
    ["no signature input", (h) => ({ ...h, "signature-input": undefined })],
    ["a broken signature input", (h) => ({ ...h, "signature-input": "bulla=(" })],
    ["no digest", (h) => ({ ...h, "content-digest": undefined })],
    [
      "a digest of another algorithm",
      (h) => ({ ...h, "content-digest": h["content-digest"].replace("sha-256", "sha-512") }),
    ],
    ["a second digest", (h) => ({ ...h, "content-digest": `${h["content-digest"]}, ${h["content-digest"]}` })],
    ["a doubled signature header", (h) => ({ ...h, signature: `${h.signature}, ${h.signature}` })],
    [
      "a doubled signature input header",
      (h) => ({ ...h, "signature-input": `${h["signature-input"]}, ${h["signature-input"]}` }),
    ],
    [
      "both headers doubled",
      (h) => ({
        ...h,
        signature: `${h.signature}, ${h.signature}`,
        "signature-input": `${h["signature-input"]}, ${h["signature-input"]}`,
      }),
    ],
    [
      "a header that is not ASCII",
      (h) => ({ ...h, "signature-input": h["signature-input"].replace("bob", "b\u043eb") }),
    ],
    ["nothing at all", () => ({})],
  ])("with %s is refused", async (_, change) => {
    const headers = await signedBy(device);
    await check(parts, { ...headers });
    await refused(parts, change(headers));
  });

  test("signed by a key that is not the device's is refused", async () => {
    await refused(parts, { ...(await signedBy(stranger)) });
  });

  const profile = ["@method", "@authority", "@path", "@query", "content-digest"];
  const profileParameters = { keyid: claimed.keyId, nonce: claimed.nonce, alg: "ed25519", tag: "bulla-1" };
  const signFreely = async (
    components: readonly string[],
    parameters: Readonly<Record<string, string | number>>,
    label = "bulla",
  ): Promise<Headers> => {
    const { "content-digest": digest } = await signedBy(device);
    const message: RequestDescriptor = {
      kind: "request",
      method: parts.method,
      targetUri: parts.url,
      fields: [{ name: "content-digest", value: digest }],
    };
    const fields = await createSignature(message, {
      label,
      components,
      parameters,
      signer: { algorithm: "ed25519", sign: (base) => device.sign(base) },
    });
    return { "content-digest": digest, "signature-input": fields.signatureInput, signature: fields.signature };
  };

  test("signed by hand with every component and parameter of the profile is accepted", async () => {
    await expect(check(parts, await signFreely(profile, profileParameters))).resolves.toEqual(claimed);
  });

  test.each(profile)("honestly signed by the device without %s is refused", async (component) => {
    await refused(
      parts,
      await signFreely(
        profile.filter((one) => one !== component),
        profileParameters,
      ),
    );
  });

  test.each(Object.keys(profileParameters))(
    "honestly signed by the device without the parameter %s is refused",
    async (name) => {
      await refused(
        parts,
        await signFreely(
          profile,
          Object.fromEntries(Object.entries(profileParameters).filter(([key]) => key !== name)),
        ),
      );
    },
  );

  test.each<readonly [string, Readonly<Record<string, string | number>>, string]>([
    ["another tag", { ...profileParameters, tag: "bulla-2" }, "bulla"],
    ["another label", profileParameters, "other"],
    ["an expiry in the past", { ...profileParameters, expires: 1 }, "bulla"],
  ])("honestly signed by the device under %s is refused", async (_, parameters, label) => {
    await refused(parts, await signFreely(profile, parameters, label));
  });

  test("a failure of whoever looks up the device is not passed off as a wrong signature", async () => {
    const headers = await signedBy(device);
    const unavailable = new BullaError("service/unavailable", "directory is not there");
    await expect(verifyRequest(parts, { ...headers }, () => Promise.reject(unavailable), sha256)).rejects.toBe(
      unavailable,
    );
    await expect(
      verifyRequest(parts, { ...headers }, async () => () => Promise.reject(unavailable), sha256),
    ).rejects.toBe(unavailable);
  });

  test("a target that is no URL is refused", async () => {
    await refused({ ...parts, url: "not a url" }, { ...(await signedBy(device)) });
  });
});

describe("the signed authority", () => {
  test.each([
    ["acme.example", "acme.example"],
    ["ACME.Example", "acme.example"],
    ["acme.example:443", "acme.example"],
    ["acme.example:80", "acme.example"],
    ["acme.example:8443", "acme.example:8443"],
    ["localhost:7400", "localhost:7400"],
    ["127.0.0.1:7400", "localhost:7400"],
    ["[::1]:7400", "localhost:7400"],
    ["127.0.0.1", "localhost"],
    ["127.0.0.1.evil.example", "127.0.0.1.evil.example"],
    ["127.0.0.10:7400", "127.0.0.10:7400"],
    ["localhost.evil.example", "localhost.evil.example"],
  ])("of %s is %s", (host, expected) => {
    expect(canonicalAuthority(host)).toBe(expected);
  });

  test("is one for localhost and 127.0.0.1, and another for another port", async () => {
    const headers = { ...(await signedBy(device, { ...parts, url: "http://localhost:7400/v1/nonces" })) };
    for (const url of [
      "http://localhost:7400/v1/nonces",
      "http://127.0.0.1:7400/v1/nonces",
      "http://[::1]:7400/v1/nonces",
    ]) {
      await expect(check({ ...parts, url }, headers)).resolves.toEqual(claimed);
    }
    await refused({ ...parts, url: "http://localhost:7401/v1/nonces" }, headers);
    await refused({ ...parts, url: "http://127.0.0.2:7400/v1/nonces" }, headers);
  });

  test("does not cover the scheme, because a proxy ends TLS", async () => {
    await expect(
      check({ ...parts, url: parts.url.replace("https", "http") }, { ...(await signedBy(device)) }),
    ).resolves.toEqual(claimed);
  });
});
