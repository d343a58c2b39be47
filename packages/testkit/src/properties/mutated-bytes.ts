import * as fc from "fast-check";

/** Changed copies of some bytes: bits flipped, bytes set, cut, repeated, inserted, taken out, cut short, made longer. May equal the original by chance. */
export function mutationsOf(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(original, fc.array(changes, { minLength: 1, maxLength: 3 }))
    .map(([bytes, all]) => all.reduce((changed, change) => change(changed), bytes));
}

/** A copy in which that bit differs; bits are counted on past the end. */
export function flipBit(original: Uint8Array, bit: number): Uint8Array {
  const copy = original.slice();
  const at = Math.floor(bit / 8) % Math.max(copy.length, 1);
  const byte = copy[at];
  if (byte !== undefined) copy[at] = byte ^ (1 << (bit % 8));
  return copy;
}

type Change = (bytes: Uint8Array) => Uint8Array;

const place = fc.nat(0xfffff);
const heads = fc.constantFrom(
  0x17,
  0x18,
  0x19,
  0x1a,
  0x1b,
  0x1f,
  0x20,
  0x40,
  0x58,
  0x5b,
  0x5f,
  0x60,
  0x78,
  0x80,
  0x98,
  0x9b,
  0x9f,
  0xa0,
  0xc0,
  0xf4,
  0xf6,
  0xf7,
  0xf9,
  0xff,
);
const changes: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: place.map(
      (bit): Change =>
        (bytes) =>
          flipBit(bytes, bit),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.oneof(heads, fc.nat(255))).map(
      ([at, byte]): Change =>
        (bytes) =>
          splice(bytes, at, 1, Uint8Array.of(byte)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 9 })).map(
      ([at, more]): Change =>
        (bytes) =>
          splice(bytes, at, 0, more),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 9 })).map(
      ([at, count]): Change =>
        (bytes) =>
          splice(bytes, at, count, new Uint8Array()),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 40 })).map(
      ([at, count]): Change =>
        (bytes) =>
          repeat(bytes, at, count),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Change =>
        (bytes) =>
          bytes.slice(0, at % (bytes.length + 1)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ minLength: 1, maxLength: 9 }).map(
      (more): Change =>
        (bytes) =>
          splice(bytes, bytes.length, 0, more),
    ),
  },
);

function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  const from = at % (bytes.length + 1);
  return Uint8Array.of(...bytes.subarray(0, from), ...insert, ...bytes.subarray(from + remove));
}

function repeat(bytes: Uint8Array, at: number, count: number): Uint8Array {
  const from = at % (bytes.length + 1);
  return splice(bytes, from, 0, bytes.slice(from, from + count));
}
