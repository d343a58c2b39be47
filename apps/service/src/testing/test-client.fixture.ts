import { request as httpRequest } from "node:http";
import { type ErrorCode, isErrorCode, parseHandle } from "@bulla/wire";
import { type AdmissionRequest, errorAnswerSchema, headerNames, routes, signRequest } from "@bulla/wire/api";
import { sha256 } from "../node-verifier.ts";
import { TestDevice } from "./test-device.fixture.ts";

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The code of a refusal. */
  readonly code: ErrorCode | undefined;
}

export interface TestRequest {
  readonly method?: string;
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One HTTP request over a real socket. */
export function send(
  url: string,
  path: string,
  { method = "GET", body = new Uint8Array(), headers = {} }: TestRequest = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      `${url}${path}`,
      {
        method,
        agent: false,
        headers: { ...(method === "GET" ? {} : { "content-length": String(body.length) }), ...headers },
      },
      (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.on("error", reject);
        response.on("end", () => {
          const answer = new Uint8Array(Buffer.concat(pieces));
          resolve({ status: response.statusCode ?? 0, body: answer, headers: response.headers, code: codeOf(answer) });
        });
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

function codeOf(body: Uint8Array): ErrorCode | undefined {
  try {
    const { error } = errorAnswerSchema.parse(JSON.parse(Buffer.from(body).toString()));
    return isErrorCode(error.code) ? error.code : undefined;
  } catch {
    return undefined;
  }
}

export function jsonOf(answer: Answer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(answer.body).toString());
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** An account with one device that signs its requests. */
export class TestAccount {
  readonly url: string;
  readonly domain: string;
  readonly name: string;
  readonly device: TestDevice;

  constructor(url: string, domain: string, name: string, device: TestDevice = new TestDevice()) {
    this.url = url;
    this.domain = domain;
    this.name = name;
    this.device = device;
  }

  get create(): Uint8Array {
    return this.device.create(parseHandle(this.name, this.domain));
  }

  async nonce(): Promise<string> {
    return String(jsonOf(await send(this.url, routes.nonces, { method: "POST" }))["nonce"]);
  }

  /** Headers of a signed request, without sending it. */
  async sign(
    path: string,
    { method = "GET", body = new Uint8Array() }: TestRequest = {},
    url: string = this.url,
  ): Promise<Record<string, string>> {
    const nonce = await this.nonce();
    const signer = {
      keyId: `${this.name}/${this.device.id}`,
      nonce,
      sign: async (message: Uint8Array) => this.device.request.sign(message),
    };
    return { ...(await signRequest({ method, url: `${url}${path}`, body }, signer, sha256)) };
  }

  async send(path: string, request: TestRequest = {}): Promise<Answer> {
    return send(this.url, path, { ...request, headers: { ...request.headers, ...(await this.sign(path, request)) } });
  }

  /** Makes the account on the service. */
  async register(): Promise<this> {
    const { status } = await this.send(routes.account(this.name), { method: "PUT", body: this.create });
    if (status !== 204) throw new Error(`register answered ${status}`);
    return this;
  }

  async ticket(wanted: Partial<AdmissionRequest>): Promise<string> {
    const body = Buffer.from(JSON.stringify({ bytes: 0, days: 0, streams: 0, envelopes: 0, ...wanted }));
    const answer = await this.send(routes.admissions, { method: "POST", body });
    if (answer.status !== 200) throw new Error(`admission answered ${answer.status}`);
    return String(jsonOf(answer)["ticket"]);
  }
}

export function chunkHeaders(ticket: string, lease: string, expiryDay: number): Record<string, string> {
  return {
    [headerNames.ticket]: ticket,
    [headerNames.lease]: lease,
    [headerNames.expiryDay]: String(expiryDay),
    "content-type": "application/octet-stream",
  };
}
