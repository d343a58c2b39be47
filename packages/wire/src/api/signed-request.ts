import {
  createSignature,
  isSignatureError,
  type RequestDescriptor,
  type SignatureParameters,
  verifySignature,
} from "http-message-sig";
import { BullaError } from "../errors.ts";

/** A request as it goes out or came in, before its signature. */
export interface HttpRequestParts {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly body: Uint8Array;
}

export interface RequestSigner {
  /** `name/deviceId`, the device id in hex. */
  readonly keyId: string;
  /** Issued by the service, single use. */
  readonly nonce: string;
  sign(message: Uint8Array): Promise<Uint8Array>;
}

export interface SignatureHeaders {
  readonly "content-digest": string;
  readonly "signature-input": string;
  readonly signature: string;
}

/** What a signature turned out to be by, once verified. */
export interface VerifiedRequest {
  readonly keyId: string;
  readonly nonce: string;
}

type Sha256 = (...parts: readonly Uint8Array[]) => Uint8Array;

const label = "bulla";
const tag = "bulla-1";
const components = ["@method", "@authority", "@path", "@query", "content-digest"] as const;

/** Sign method, authority, path, query, content digest (RFC 9530) and nonce: RFC 9421 with Ed25519, label `bulla`, tag `bulla-1`. */
export async function signRequest(
  parts: HttpRequestParts,
  signer: RequestSigner,
  sha256: Sha256,
): Promise<SignatureHeaders> {
  const digest = contentDigest(parts.body, sha256);
  const fields = await createSignature(descriptor(parts, digest), {
    label,
    components: [...components],
    parameters: { keyid: signer.keyId, nonce: signer.nonce, alg: "ed25519", tag },
    signer: { algorithm: "ed25519", sign: (message) => signer.sign(message) },
  });
  return { "content-digest": digest, "signature-input": fields.signatureInput, signature: fields.signature };
}

/** Check a signed request. `resolve` gets the claimed key id and nonce and returns how to verify, or undefined when there is no such device.
 *  The nonce is the caller's to spend. One answer for every cause.
 *  @throws BullaError service/unauthorized, and whatever BullaError `resolve` throws */
export async function verifyRequest(
  parts: HttpRequestParts,
  headers: Readonly<Record<string, string | undefined>>,
  resolve: (
    claimed: VerifiedRequest,
  ) => Promise<((message: Uint8Array, signature: Uint8Array) => Promise<boolean>) | undefined>,
  sha256: Sha256,
): Promise<VerifiedRequest> {
  try {
    const digest = contentDigest(parts.body, sha256);
    if (headers["content-digest"] !== digest) throw unauthorized();
    const message = descriptor(parts, digest, headers["signature-input"], headers["signature"]);
    const { parameters } = await verifySignature(message, {
      label,
      policy: {
        algorithms: ["ed25519"],
        requiredComponents: [...components],
        requiredParameters: ["keyid", "nonce", "alg", "tag"],
      },
      resolveVerifier: async (candidate) => {
        const verify = candidate.parameters.tag === tag ? await resolve(claim(candidate.parameters)) : undefined;
        return {
          algorithm: "ed25519",
          verify: (data, signature) => (verify === undefined ? false : verify(data, signature)),
        };
      },
    });
    return claim(parameters);
  } catch (error) {
    // The library wraps what `resolve` throws; an outage of ours must not read as a wrong signature.
    const cause = isSignatureError(error) ? error.cause : error;
    if (cause instanceof BullaError && cause.code !== "service/unauthorized") throw cause;
    throw unauthorized();
  }
}

/** The authority that is signed: lower case, without a default port, `127.0.0.1` and `[::1]` written as `localhost`. */
export function canonicalAuthority(host: string): string {
  const lower = host.toLowerCase().replace(/:(80|443)$/, "");
  return lower.replace(/^(127\.0\.0\.1|\[::1\])(?=:|$)/, "localhost");
}

function descriptor(
  { method, url, body }: HttpRequestParts,
  digest: string,
  input?: string,
  signature?: string,
): RequestDescriptor {
  const target = new URL(url);
  const authority = canonicalAuthority(target.host);
  const fields = [
    { name: "content-digest", value: digest },
    { name: "content-length", value: String(body.length) },
  ];
  if (input !== undefined) fields.push({ name: "signature-input", value: input });
  if (signature !== undefined) fields.push({ name: "signature", value: signature });
  // The scheme is not covered, because a proxy ends TLS; the authority is.
  return { kind: "request", method, targetUri: `http://${authority}${target.pathname}${target.search}`, fields };
}

function contentDigest(body: Uint8Array, sha256: Sha256): string {
  return `sha-256=:${btoa(String.fromCharCode(...sha256(body)))}:`;
}

function claim(parameters: SignatureParameters): VerifiedRequest {
  const { keyid, nonce } = parameters;
  if (typeof keyid !== "string" || typeof nonce !== "string") throw unauthorized();
  return { keyId: keyid, nonce };
}

function unauthorized(): BullaError {
  return new BullaError("service/unauthorized", "request is not signed by a device of the account");
}
