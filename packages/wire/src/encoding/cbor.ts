import { BullaError } from "../errors.ts";
import { utf8 } from "./bytes.ts";

/** The values that travel: RFC 8949 with unsigned integers to 2^53 - 1, byte and text strings, arrays, true, false and null. No maps, tags, floats or negative numbers. */
export type Cbor = number | Uint8Array | string | boolean | null | readonly Cbor[];

export interface CborLimits {
  readonly maxBytes: number;
  /** Nesting of arrays. */
  readonly maxDepth?: number;
  /** Values in all, nested ones counted: an item of one byte takes a hundred in memory. */
  readonly maxItems?: number;
}

const defaultMaxItems = 2 ** 18;

/** Deterministic encoding, RFC 8949 §4.2.1.
 *  @throws RangeError for a number or text outside the profile: a bug of the caller */
export function encodeCbor(value: Cbor): Uint8Array {
  const parts: Uint8Array[] = [];
  write(value, parts);
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

/** Decode exactly one deterministic item. Lengths are checked against what is left before anything is allocated; byte strings are views of the input.
 *  @throws BullaError wire/too-large, wire/malformed */
export function decodeCbor(bytes: Uint8Array, limits: CborLimits): Cbor {
  if (bytes.length > limits.maxBytes)
    throw new BullaError("wire/too-large", `item is ${bytes.length} bytes, limit is ${limits.maxBytes}`);
  const cursor: Cursor = { bytes, offset: 0, itemsLeft: limits.maxItems ?? defaultMaxItems };
  const value = read(cursor, limits.maxDepth ?? 8);
  if (cursor.offset !== bytes.length) throw malformed(`${bytes.length - cursor.offset} bytes after the end`);
  return value;
}

interface Cursor {
  readonly bytes: Uint8Array;
  offset: number;
  itemsLeft: number;
}

const malformed = (what: string): BullaError => new BullaError("wire/malformed", `malformed item: ${what}`);
const strictText = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const FALSE = 20;
const TRUE = 21;
const NULL = 22;

function read(cursor: Cursor, depth: number): Cbor {
  const initial = cursor.bytes[cursor.offset];
  if (initial === undefined) throw malformed("ends early");
  if (cursor.itemsLeft-- <= 0) throw new BullaError("wire/too-large", "item holds too many values");
  cursor.offset++;
  const major = initial >> 5;
  if (major === 7) return readSimple(initial & 31);
  const argument = readArgument(cursor, initial & 31);
  if (major === 0) return argument;
  if (major === 4) return readArray(cursor, argument, depth);
  if (major !== 2 && major !== 3) throw malformed(`major type ${major}`);
  if (argument > cursor.bytes.length - cursor.offset) throw malformed("string longer than the input");
  const slice = cursor.bytes.subarray(cursor.offset, cursor.offset + argument);
  cursor.offset += argument;
  if (major === 2) return slice;
  try {
    return strictText.decode(slice);
  } catch {
    throw malformed("text is not UTF-8");
  }
}

function readSimple(info: number): Cbor {
  if (info === FALSE) return false;
  if (info === TRUE) return true;
  if (info === NULL) return null;
  throw malformed(`simple value ${info}`);
}

function readArray(cursor: Cursor, count: number, depth: number): Cbor {
  if (depth === 0) throw malformed("nested too deep");
  if (count > cursor.bytes.length - cursor.offset) throw malformed("array longer than the input");
  const items: Cbor[] = [];
  for (let i = 0; i < count; i++) items.push(read(cursor, depth - 1));
  return items;
}

function readArgument(cursor: Cursor, info: number): number {
  if (info < 24) return info;
  if (info > 27) throw malformed("indefinite or reserved length");
  const width = 1 << (info - 24);
  if (width > cursor.bytes.length - cursor.offset) throw malformed("ends early");
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (cursor.bytes[cursor.offset + i] ?? 0);
  cursor.offset += width;
  if (value > Number.MAX_SAFE_INTEGER) throw malformed("number above 2^53 - 1");
  if (width === 1 ? value < 24 : value < 256 ** (width / 2)) throw malformed("number not in its shortest form");
  return value;
}

function write(value: Cbor, parts: Uint8Array[]): void {
  if (typeof value === "number") parts.push(head(0, value));
  else if (typeof value === "string") {
    if (!value.isWellFormed()) throw new RangeError("text is not well formed");
    const bytes = utf8(value);
    parts.push(head(3, bytes.length), bytes);
  } else if (value instanceof Uint8Array) parts.push(head(2, value.length), value);
  else if (value === null) parts.push(Uint8Array.of(0xe0 | NULL));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(0xe0 | (value ? TRUE : FALSE)));
  else {
    parts.push(head(4, value.length));
    for (const item of value) write(item, parts);
  }
}

function head(major: number, argument: number): Uint8Array {
  if (!Number.isSafeInteger(argument) || argument < 0)
    throw new RangeError(`${argument} is not an unsigned integer below 2^53`);
  if (argument < 24) return Uint8Array.of((major << 5) | argument);
  const width = argument < 0x100 ? 1 : argument < 0x10000 ? 2 : argument < 0x100000000 ? 4 : 8;
  const out = new Uint8Array(1 + width);
  out[0] = (major << 5) | (24 + Math.log2(width));
  let rest = argument;
  for (let i = width; i > 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
}
