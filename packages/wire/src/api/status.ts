import type { ErrorCode } from "../errors.ts";

/** HTTP status of each refusal of the service. */
export const statusOfCode: Partial<Readonly<Record<ErrorCode, number>>> = {
  "wire/malformed": 400,
  "wire/unsupported-version": 400,
  "wire/bad-handle": 400,
  "wire/too-large": 413,
  "identity/bad-chain": 400,
  "identity/bad-signature": 400,
  "identity/unsupported-statement": 400,
  "service/malformed": 400,
  "service/unauthorized": 401,
  "service/forbidden": 403,
  "service/not-found": 404,
  "service/conflict": 409,
  "service/closed": 409,
  "service/expired": 410,
  "service/too-large": 413,
  "service/quota": 429,
  "service/rate-limited": 429,
  "service/internal": 500,
  "service/unavailable": 503,
};
