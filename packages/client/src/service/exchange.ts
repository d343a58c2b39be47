import { hexOf, InternalError, isBullaError, type Verifier } from "@bulla/wire";
import { headerNames, mediaTypes, nonceAnswerSchema, routes, signRequest } from "@bulla/wire/api";
import { type Codec, decode, encode } from "@bulla/wire/encoding";
import type { Transport, TransportAnswer, TransportRequest } from "../ports.ts";
import { NoncePool } from "./nonce-pool.ts";
import { badAnswer, refusalOf } from "./service-refusal.ts";

/** The account and device that a client speaks for. */
export interface AccountSigner {
  readonly name: string;
  readonly deviceId: Uint8Array;
  /** With the device's request key. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** One request to the service. */
export interface Ask {
  readonly method: TransportRequest["method"];
  /** From `routes`, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array };
  readonly expect: keyof typeof mediaTypes | "nothing";
  readonly maxAnswerBytes: number;
  /** Memory for the answer's body. */
  readonly into?: Uint8Array | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one service: refusals become errors, answers of another type are refused. */
export interface Exchange {
  /** @returns the answer's body
   *  @throws BullaError transport/*, or the service's code */
  ask(ask: Ask): Promise<Uint8Array>;
  /** The same, signed by the account's device. A request whose nonce was stale is signed anew, once. */
  askSigned(ask: Ask): Promise<Uint8Array>;
  readonly signer: AccountSigner | undefined;
}

/** Room for a refusal, also where only a short answer is expected. */
const minAnswerBytes = 8192;

/** @param base URL of the service, without a trailing slash */
export function createExchange(
  transport: Transport,
  verifier: Verifier,
  base: string,
  signer?: AccountSigner,
): Exchange {
  const nonces = new NoncePool();

  async function send(ask: Ask, signature: Readonly<Record<string, string>> = {}): Promise<TransportAnswer> {
    const { body, signal, into } = ask;
    return transport.request({
      method: ask.method,
      url: base + ask.path,
      headers: { ...ask.headers, ...signature, ...(body === undefined ? {} : { "content-type": body.type }) },
      ...(body === undefined ? {} : { body: body.bytes }),
      maxAnswerBytes: Math.max(ask.maxAnswerBytes, minAnswerBytes),
      ...(into === undefined ? {} : { into }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async function askNonce(signal: AbortSignal | undefined): Promise<string> {
    const answer = await send({ method: "POST", path: routes.nonces, expect: "json", maxAnswerBytes: 1024, signal });
    return decodeJson(nonceAnswerSchema, bodyOf(answer, "json")).nonce;
  }

  async function sendSigned(ask: Ask, by: AccountSigner): Promise<Uint8Array> {
    const nonce = nonces.take() ?? (await askNonce(ask.signal));
    const parts = { method: ask.method, url: base + ask.path, body: ask.body?.bytes ?? new Uint8Array() };
    const keyId = `${by.name}/${hexOf(by.deviceId)}`;
    const signature = await signRequest(parts, { keyId, nonce, sign: (message) => by.sign(message) }, verifier.sha256);
    const answer = await send(ask, { ...signature });
    // A stale nonce makes the others suspect, but not the one that comes with the refusal.
    if (answer.status === 401) nonces.clear();
    nonces.keep(answer.headers[headerNames.nonce]);
    return bodyOf(answer, ask.expect);
  }

  return {
    signer,
    ask: async (ask) => bodyOf(await send(ask), ask.expect),
    askSigned: async (ask) => {
      if (signer === undefined) throw new InternalError("a signed request needs an account");
      try {
        return await sendSigned(ask, signer);
      } catch (error) {
        if (!isBullaError(error, "service/unauthorized")) throw error;
        return sendSigned(ask, signer);
      }
    },
  };
}

/** The account that signs, and its device in hex as the routes want it. */
export function speakerOf({ signer }: Exchange): { readonly name: string; readonly deviceId: string } {
  if (signer === undefined) throw new InternalError("a signed request needs an account");
  return { name: signer.name, deviceId: hexOf(signer.deviceId) };
}

export function cborBody<T>(codec: Codec<T>, value: T): NonNullable<Ask["body"]> {
  return { type: mediaTypes.cbor, bytes: encode(codec, value) };
}

/** @throws BullaError transport/bad-answer */
export function decodeAnswerBody<T>(codec: Codec<T>, body: Uint8Array, maxBytes: number): T {
  try {
    return decode(codec, body, { maxBytes });
  } catch (cause) {
    throw badAnswer("answer of the service has another shape than expected", cause);
  }
}

interface JsonSchema<T> {
  safeParse(
    value: unknown,
  ): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: unknown };
}

/** @throws BullaError transport/bad-answer */
export function decodeJson<T>(schema: JsonSchema<T>, body: Uint8Array): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw badAnswer("answer of the service is not JSON", cause);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw badAnswer("answer of the service has another shape than expected", parsed.error);
  return parsed.data;
}

/** The body of a success of the expected type. */
export function bodyOf(answer: TransportAnswer, expect: Ask["expect"]): Uint8Array {
  if (answer.status >= 300 && answer.status < 400) throw badAnswer("service redirects, which is not followed");
  if (answer.status < 200 || answer.status >= 300) throw refusalOf(answer);
  const type = answer.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  if (expect !== "nothing" && type !== mediaTypes[expect])
    throw badAnswer("answer of the service has another type than expected");
  return answer.body;
}
