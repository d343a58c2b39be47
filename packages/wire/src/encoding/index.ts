export { type Cbor, type CborLimits, decodeCbor, encodeCbor } from "./cbor.ts";
export {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  flag,
  list,
  nullable,
  refine,
  type Shape,
  struct,
  text,
  uint,
  variant,
  version,
} from "./codec.ts";
