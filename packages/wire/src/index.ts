export {
  base64urlOf,
  bytesOfBase64url,
  bytesOfHex,
  concatBytes,
  equalBytes,
  hexOf,
  textOf,
  uintBytes,
  utf8,
} from "./encoding/bytes.ts";
export {
  BullaError,
  type BullaErrorOptions,
  type ErrorCode,
  errorCodes,
  InternalError,
  isBullaError,
  isErrorCode,
} from "./errors.ts";
export { type Handle, type HandleParts, isHandle, isHost, parseHandle, splitHandle } from "./handle.ts";
export { type Label, labelBytes, labels } from "./labels.ts";
export { dayOf, limits } from "./limits.ts";
export {
  capabilityHash,
  leaseName,
  nextHead,
  proofBytes,
  type StreamAddress,
  streamId,
  streamKinds,
} from "./stream/stream-id.ts";
export type { Verifier } from "./verifier.ts";
