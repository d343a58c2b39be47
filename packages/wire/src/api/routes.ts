import { base64urlOf } from "../encoding/bytes.ts";

const account = (name: string): string => `/v1/accounts/${encodeURIComponent(name)}`;
const device = (name: string, deviceId: string): string => `${account(name)}/devices/${deviceId}`;

/** The paths of the service's HTTP API; `deviceId` in lower-case hex. Bodies and answers: see `codecs.ts` (binary) and `control.ts` (JSON). */
export const routes = {
  wellKnown: "/.well-known/bulla",
  about: "/v1/about",
  openapi: "/v1/openapi.json",
  nonces: "/v1/nonces",
  admissions: "/v1/admissions",
  account,
  statements: (name: string): string => `${account(name)}/statements`,
  claims: (name: string): string => `${account(name)}/claims`,
  keyPackages: (name: string, deviceId: string): string => `${device(name, deviceId)}/key-packages`,
  inbox: (name: string, deviceId: string): string => `${device(name, deviceId)}/inbox`,
  inboxAcknowledgements: (name: string, deviceId: string): string => `${device(name, deviceId)}/inbox/acknowledgements`,
  capabilities: (name: string, deviceId: string): string => `${device(name, deviceId)}/capabilities`,
  missingChunks: "/v1/leases/missing",
  endLeases: "/v1/leases/end",
  chunk: (hash: Uint8Array): string => `/v1/chunks/${base64urlOf(hash)}`,
  connect: "/v1/connect",
} as const;

/** Request headers of ours, all lower case. */
export const headerNames = {
  /** On every answer to a signed request and to `nonces`: the nonce for the next one. */
  nonce: "bulla-nonce",
  ticket: "bulla-ticket",
  lease: "bulla-lease",
  expiryDay: "bulla-expiry-day",
} as const;

export const mediaTypes = {
  cbor: "application/cbor",
  octets: "application/octet-stream",
  json: "application/json",
} as const;
