export { type BlobReference, blobReferenceCodec } from "./blob-reference.ts";
export {
  decodeEvent,
  type Event,
  type EventBody,
  encodeEvent,
  eventCodec,
  eventOf,
  isSpaceName,
  isUnknown,
  saidAtOf,
  type UnknownEvent,
} from "./event.ts";
export { decodeTransfer, encodeTransfer, type FilePlace, placesOf, type Transfer, transferCodec } from "./transfer.ts";
