import { isBullaError } from "@bulla/wire";
import { type Codec, decode, encode } from "@bulla/wire/encoding";

const refusals = ["wire/malformed", "wire/too-large", "wire/unsupported-version"] as const;

/** Feed bytes to a codec. The promise of every decoder: it refuses with a code of ours, or it reads a value whose one encoding is exactly these bytes.
 *  @returns whether the bytes were read
 *  @throws Error when the promise is broken */
export function readsOneSpelling(codec: Codec<unknown>, input: Uint8Array): boolean {
  let value: unknown;
  try {
    value = decode(codec, input, { maxBytes: 8 * 1024 * 1024, maxDepth: 12 });
  } catch (error) {
    if (refusals.some((code) => isBullaError(error, code))) return false;
    throw new Error("a decoder threw something that is not a refusal", { cause: error });
  }
  const again = encode(codec, value);
  if (again.length !== input.length || again.some((byte, i) => byte !== input[i]))
    throw new Error("a decoder reads two spellings of one value");
  return true;
}
