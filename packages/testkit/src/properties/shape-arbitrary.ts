import { type Cbor, type Codec, encodeCbor, type Shape } from "@bulla/wire/encoding";
import * as fc from "fast-check";

/** Values of a codec, derived from its shape: what the codec promises to carry, with the edges of every range among them. */
export function valuesOf<T>(codec: Codec<T>): fc.Arbitrary<T> {
  return cborOfShape(codec.shape).map((item) => codec.fromCbor(item, "generated"));
}

/** Encodings of a codec, made without its encoder. */
export function encodingsOf(codec: Codec<unknown>): fc.Arbitrary<Uint8Array> {
  return cborOfShape(codec.shape).map(encodeCbor);
}

/** Any item of the profile. */
export const cborItems: fc.Arbitrary<Cbor> = fc.letrec<{ item: Cbor }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    uints(Number.MAX_SAFE_INTEGER),
    fc.uint8Array({ maxLength: 300, size: "medium" }),
    fc.string({ unit: "binary" }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("item"), { maxLength: 30 }),
  ),
})).item;

/** Items that fit a shape. Rules that a shape only names (`refined`) are looked up below, so a new rule must be added here. */
function cborOfShape(shape: Shape): fc.Arbitrary<Cbor> {
  switch (shape.kind) {
    case "uint":
      return uints(shape.max);
    case "constant":
      return fc.constant(shape.value);
    case "bytes":
      return byteStrings(shape.min, shape.max);
    case "text":
      return texts(shape.min, shape.max);
    case "flag":
      return fc.boolean();
    case "nullable":
      return fc.option(cborOfShape(shape.of), { nil: null });
    case "list":
      return fc.array(cborOfShape(shape.of), { maxLength: Math.min(shape.max, 4) });
    case "struct":
      return fc.tuple(...Object.values(shape.fields).map(cborOfShape));
    case "variant":
      return fc.oneof(
        ...Object.values(shape.cases).map((one) => fc.tuple(fc.constant(one.tag), cborOfShape(one.shape))),
      );
    case "refined":
      return refined(shape.what, shape.of);
  }
}

function uints(max: number): fc.Arbitrary<number> {
  const edges = [0, 1, 23, 24, 0xff, 0x100, 0xffff, 0x10000, 0xffffffff, 0x100000000, max - 1, max];
  return fc.oneof(
    fc.constantFrom(...edges.filter((edge) => edge >= 0 && edge <= max)),
    fc.nat(Math.min(max, 0x7fffffff)),
    fc.maxSafeNat().filter((value) => value <= max),
  );
}

function byteStrings(min: number, max: number): fc.Arbitrary<Uint8Array> {
  const short = fc.uint8Array({ minLength: min, maxLength: Math.min(max, min + 40) });
  return max > 20_000
    ? short
    : fc.oneof(
        { weight: 9, arbitrary: short },
        { weight: 1, arbitrary: fc.nat(255).map((byte) => new Uint8Array(max).fill(byte)) },
      );
}

function texts(min: number, max: number): fc.Arbitrary<string> {
  const fits = (text: string): boolean => utf8Length(text) >= min && utf8Length(text) <= max;
  return fc.oneof(
    { weight: 9, arbitrary: fc.string({ unit: "binary", maxLength: Math.min(max, 24) }).filter(fits) },
    { weight: 1, arbitrary: fc.constant("x".repeat(max)) },
  );
}

const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

const names = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,63}$/);
const hosts = fc.oneof(
  fc.constantFrom("acme.example", "localhost:7400", "127.0.0.1:65535", "a"),
  fc.stringMatching(/^[a-z0-9]{1,20}(-[a-z0-9]{1,9})?(\.[a-z]{2,9}){1,3}$/),
);
const rules: Readonly<Record<string, (of: Shape) => fc.Arbitrary<Cbor>>> = {
  "a handle": () => fc.tuple(names, hosts).map(([name, host]) => `${name}@${host}`),
  "1, 4 or 16 KiB": () =>
    fc
      .tuple(fc.constantFrom(1024, 4096, 16384), fc.nat(255))
      .map(([length, byte]) => new Uint8Array(length).fill(byte)),
  "a path inside a transfer": () =>
    fc
      .array(
        fc
          .string({ unit: "binary", minLength: 1, maxLength: 12 })
          .map((name) => name.replaceAll(/[/\0]/g, "_"))
          .filter((name) => name !== "." && name !== ".."),
        { minLength: 1, maxLength: 4 },
      )
      .map((parts) => parts.join("/")),
  "a name of one line": () =>
    fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .map((name) => name.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "_").trim() || "a"),
  "blobs with files": (of) => cborOfShape(of).map((blobs) => (isList(blobs) ? blobs.map(withFiles) : blobs)),
};

function withFiles(blob: Cbor): Cbor {
  return isList(blob) ? blob.map((field, i) => (i === 0 && field === 0 ? 1 : field)) : blob;
}

function refined(what: string, of: Shape): fc.Arbitrary<Cbor> {
  const rule = rules[what];
  if (rule === undefined) throw new RangeError(`no generator for "${what}": add one beside the others`);
  return rule(of);
}

function isList(item: Cbor): item is readonly Cbor[] {
  return Array.isArray(item);
}
