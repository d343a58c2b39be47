import { BullaError, InternalError } from "../errors.ts";
import { utf8 } from "./bytes.ts";
import { type Cbor, type CborLimits, decodeCbor, encodeCbor } from "./cbor.ts";

/** A type and its one encoding. `shape` describes it to tests (which derive values from it) and to the protocol pages. */
export interface Codec<T> {
  readonly shape: Shape;
  toCbor(value: T): Cbor;
  /** @throws BullaError wire/malformed naming `at`, never the value */
  fromCbor(value: Cbor, at: string): T;
}

export type Shape =
  | { readonly kind: "uint"; readonly max: number }
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "bytes" | "text"; readonly min: number; readonly max: number }
  | { readonly kind: "flag" }
  | { readonly kind: "nullable"; readonly of: Shape }
  | { readonly kind: "list"; readonly of: Shape; readonly max: number }
  | { readonly kind: "struct"; readonly fields: Readonly<Record<string, Shape>> }
  | {
      readonly kind: "variant";
      readonly cases: Readonly<Record<string, { readonly tag: number; readonly shape: Shape }>>;
    }
  | { readonly kind: "refined"; readonly of: Shape; readonly what: string };

export type CodecValue<C> = C extends Codec<infer T> ? T : never;

/** @throws RangeError when a value does not fit its codec: a bug of the caller */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return encodeCbor(codec.toCbor(value));
}

/** @throws BullaError wire/too-large, wire/malformed */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, limits: CborLimits): T {
  return codec.fromCbor(decodeCbor(bytes, limits), "item");
}

const wrong = (at: string, expected: string): BullaError =>
  new BullaError("wire/malformed", `${at} is not ${expected}`);

function assertFits(fits: boolean, what: string): void {
  if (!fits) throw new RangeError(what);
}

export function uint(max: number = Number.MAX_SAFE_INTEGER): Codec<number> {
  return {
    shape: { kind: "uint", max },
    toCbor(value) {
      assertFits(value <= max, `${value} is above ${max}`);
      return value;
    },
    fromCbor(value, at) {
      if (typeof value !== "number" || value > max) throw wrong(at, `a number up to ${max}`);
      return value;
    },
  };
}

/** A version byte: decoding another value says so with its own code. */
export function version(expected: number): Codec<number> {
  return {
    shape: { kind: "constant", value: expected },
    toCbor: () => expected,
    fromCbor(value, at) {
      if (value !== expected)
        throw new BullaError("wire/unsupported-version", `${at} has another version than ${expected}`, {
          hint: "update bulla, then try again",
        });
      return expected;
    },
  };
}

export function bytes(size: number | { readonly min?: number; readonly max: number }): Codec<Uint8Array> {
  const min = typeof size === "number" ? size : (size.min ?? 0);
  const max = typeof size === "number" ? size : size.max;
  return {
    shape: { kind: "bytes", min, max },
    toCbor(value) {
      assertFits(value.length >= min && value.length <= max, `${value.length} bytes, expected ${min} to ${max}`);
      return value;
    },
    fromCbor(value, at) {
      if (!(value instanceof Uint8Array) || value.length < min || value.length > max)
        throw wrong(at, `${min} to ${max} bytes`);
      return value;
    },
  };
}

/** Text of at most `maxBytes` of UTF-8. */
export function text(maxBytes: number, min = 0): Codec<string> {
  return {
    shape: { kind: "text", min, max: maxBytes },
    toCbor(value) {
      const { length } = utf8(value);
      assertFits(
        length >= min && length <= maxBytes && value.isWellFormed(),
        `text of ${length} bytes, expected ${min} to ${maxBytes}`,
      );
      return value;
    },
    fromCbor(value, at) {
      if (typeof value !== "string") throw wrong(at, "text");
      const { length } = utf8(value);
      if (length < min || length > maxBytes) throw wrong(at, `text of ${min} to ${maxBytes} bytes`);
      return value;
    },
  };
}

export const flag: Codec<boolean> = {
  shape: { kind: "flag" },
  toCbor: (value) => value,
  fromCbor(value, at) {
    if (typeof value !== "boolean") throw wrong(at, "true or false");
    return value;
  },
};

export function nullable<T>(inner: Codec<T>): Codec<T | null> {
  return {
    shape: { kind: "nullable", of: inner.shape },
    toCbor: (value) => (value === null ? null : inner.toCbor(value)),
    fromCbor: (value, at) => (value === null ? null : inner.fromCbor(value, at)),
  };
}

export function list<T>(item: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    shape: { kind: "list", of: item.shape, max },
    toCbor(value) {
      assertFits(value.length <= max, `list of ${value.length}, limit is ${max}`);
      return value.map((entry) => item.toCbor(entry));
    },
    fromCbor(value, at) {
      if (!isArray(value) || value.length > max) throw wrong(at, `a list of at most ${max}`);
      return value.map((entry, i) => item.fromCbor(entry, `${at}[${i}]`));
    },
  };
}

/** An array of fixed length; the order of the fields is the order on the wire. */
export function struct<F extends Readonly<Record<string, Codec<unknown>>>>(
  fields: F,
): Codec<{ readonly [K in keyof F]: CodecValue<F[K]> }> {
  type T = { readonly [K in keyof F]: CodecValue<F[K]> };
  const entries = Object.entries(fields) as unknown as readonly (readonly [string, Codec<unknown>])[];
  return {
    shape: { kind: "struct", fields: Object.fromEntries(entries.map(([name, codec]) => [name, codec.shape])) },
    toCbor: (value) => entries.map(([name, codec]) => codec.toCbor((value as Readonly<Record<string, unknown>>)[name])),
    fromCbor(value, at) {
      if (!isArray(value) || value.length !== entries.length) throw wrong(at, `a list of ${entries.length} fields`);
      return Object.fromEntries(
        entries.map(([name, codec], i) => [name, codec.fromCbor(value[i] ?? null, `${at}.${name}`)]),
      ) as T;
    },
  };
}

/** A tagged union `[tag, value]`; in TypeScript `{ kind, ...fields }` where each case is a struct. */
export function variant<C extends Readonly<Record<string, readonly [number, Codec<unknown>]>>>(
  cases: C,
): Codec<{ [K in keyof C]: { readonly kind: K } & CodecValue<C[K][1]> }[keyof C]> {
  type T = { [K in keyof C]: { readonly kind: K } & CodecValue<C[K][1]> }[keyof C];
  const entries = Object.entries(cases) as unknown as readonly (readonly [string, readonly [number, Codec<object>]])[];
  for (const [kind, [, { shape }]] of entries) {
    if (shape.kind === "struct" && "kind" in shape.fields)
      throw new InternalError(`case ${kind} has a field named kind, which would hide the case`);
  }
  const byKind = new Map(entries.map(([kind, [tag, codec]]) => [kind, { tag, codec }]));
  const byTag = new Map(entries.map(([kind, [tag, codec]]) => [tag, { kind, codec }]));
  return {
    shape: {
      kind: "variant",
      cases: Object.fromEntries(entries.map(([kind, [tag, codec]]) => [kind, { tag, shape: codec.shape }])),
    },
    toCbor(value) {
      const found = byKind.get(String(value.kind));
      if (found === undefined) throw new RangeError(`no case ${String(value.kind)}`);
      return [found.tag, found.codec.toCbor(value)];
    },
    fromCbor(value, at) {
      if (!isArray(value) || value.length !== 2 || typeof value[0] !== "number") throw wrong(at, "a tagged value");
      const found = byTag.get(value[0]);
      if (found === undefined) throw wrong(at, "a known kind");
      return { kind: found.kind, ...found.codec.fromCbor(value[1] ?? null, `${at}.${found.kind}`) } as unknown as T;
    },
  };
}

/** A codec whose values satisfy one more rule. */
export function refine<T>(inner: Codec<T>, what: string, holds: (value: T) => boolean): Codec<T> {
  return {
    shape: { kind: "refined", of: inner.shape, what },
    toCbor(value) {
      assertFits(holds(value), `value is not ${what}`);
      return inner.toCbor(value);
    },
    fromCbor(value, at) {
      const decoded = inner.fromCbor(value, at);
      if (!holds(decoded)) throw wrong(at, what);
      return decoded;
    },
  };
}

function isArray(value: Cbor): value is readonly Cbor[] {
  return Array.isArray(value);
}
