import { encodingsOf, mutationsOf, readsOneSpelling, valuesOf } from "@bulla/testkit/properties";
import { isBullaError, limits, parseHandle, utf8 } from "@bulla/wire";
import { encodeCbor } from "@bulla/wire/encoding";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEvent, type EventBody, encodeEvent, eventCodec, eventOf, isUnknown } from "./event.ts";

const salt = new Uint8Array(16).fill(9);
const id = new Uint8Array(16).fill(3);
const bodies: readonly EventBody[] = [
  { kind: "note", text: "gr\u00fc\u00df dich, **Alice** \u{1f600}" },
  { kind: "note", text: "" },
  {
    kind: "file",
    transferId: id,
    note: null,
    host: "acme.example",
    expiryDay: 20_030,
    transfer: { kind: "inline", transfer: Uint8Array.of(1, 2) },
  },
  { kind: "receipt", transferId: id, state: { kind: "delivered" } },
  {
    kind: "receipt",
    transferId: id,
    state: { kind: "received", receipt: { statement: Uint8Array.of(1), signature: new Uint8Array(64) } },
  },
  { kind: "receipt", transferId: id, state: { kind: "refused" } },
  { kind: "system", what: { kind: "founded" } },
  { kind: "system", what: { kind: "capability", secret: new Uint8Array(32), deviceId: id } },
  { kind: "system", what: { kind: "named", name: "Küche & Bad" } },
  { kind: "system", what: { kind: "granted", handle: parseHandle("bob@acme.example") } },
  { kind: "system", what: { kind: "leaving", operation: Uint8Array.of(1) } },
];

const refusal = (code: string): unknown => expect.objectContaining({ name: "BullaError", code });
const fields = (body: Parameters<typeof encodeCbor>[0], version = 1): Uint8Array =>
  encodeCbor([version, salt, null, new Uint8Array(), null, null, [], body]);

describe("an event", () => {
  test.each(bodies)("of each kind comes back the same: $kind %#", (body) => {
    const event = eventOf(body, salt);
    expect(decodeEvent(encodeEvent(event))).toEqual(event);
    expect(isUnknown(decodeEvent(encodeEvent(event)))).toBe(false);
  });

  test("of any kind, with any fields, comes back the same", () => {
    fc.assert(
      fc.property(valuesOf(eventCodec), (event) => {
        const bytes = encodeEvent(event);
        fc.pre(bytes.length <= limits.maxRecordBytes);
        expect(decodeEvent(bytes)).toEqual(event);
      }),
      { numRuns: 300 },
    );
  });

  test("a plain event has nothing but its body and its salt", () => {
    expect(encodeEvent(eventOf({ kind: "note", text: "hi" }, salt))).toEqual(fields([1, ["hi"]]));
  });

  test("of a kind that this version does not know is kept as unknown, not refused", () => {
    for (const kind of [5, 6, 1000, Number.MAX_SAFE_INTEGER]) {
      const event = decodeEvent(fields([kind, ["whatever", 1, [true]]]));
      expect(event).toEqual({ unknown: true, kind });
      expect(isUnknown(event)).toBe(true);
    }
    expect(isUnknown(decodeEvent(fields([4, [[1, []]]])))).toBe(false);
  });

  test.each<readonly [string, Uint8Array]>([
    ["of kind 0", fields([0, []])],
    ["without a body", fields(null)],
    ["whose body is not a tagged value", fields([1])],
    ["whose kind is text", fields(["note", ["hi"]])],
    ["of a known kind with other fields", fields([1, ["hi", 1]])],
    ["of a known kind with an unknown inner kind", fields([4, [[6, []]]])],
    ["that names a space with nothing", fields([4, [[3, [""]]]])],
    ["that names a space with two lines", fields([4, [[3, ["a\nb"]]]])],
    ["that names a space with blanks around", fields([4, [[3, [" a"]]]])],
    ["with a field fewer", encodeCbor([1, salt, null, new Uint8Array(), null, null, [1, ["hi"]]])],
    ["with a field more", encodeCbor([1, salt, null, new Uint8Array(), null, null, [], [1, ["hi"]], 0])],
    ["that is no list", encodeCbor("hi")],
    ["that is text", utf8("{}")],
    ["that is nothing", new Uint8Array()],
  ])("%s is refused", (_, input) => {
    expect(() => decodeEvent(input)).toThrow(refusal("wire/malformed"));
  });

  test("of another version is refused with its own code", () => {
    expect(() => decodeEvent(fields([1, ["hi"]], 2))).toThrow(refusal("wire/unsupported-version"));
  });

  test("larger than a record is refused before it is looked at", () => {
    expect(() => decodeEvent(new Uint8Array(limits.maxRecordBytes + 1))).toThrow(refusal("wire/too-large"));
  });

  test("a note above its limit is a bug of the caller, and refused from outside", () => {
    const text = "x".repeat(limits.maxNoteBytes);
    expect(decodeEvent(encodeEvent(eventOf({ kind: "note", text }, salt)))).toMatchObject({ body: { text } });
    expect(() => encodeEvent(eventOf({ kind: "note", text: `${text}x` }, salt))).toThrow(RangeError);
    expect(() => decodeEvent(fields([1, [`${text}x`]]))).toThrow(refusal("wire/malformed"));
  });

  test("changed bytes are refused, unknown, or the one spelling of another event", () => {
    fc.assert(
      fc.property(
        mutationsOf(
          fc.oneof(encodingsOf(eventCodec), fc.constantFrom(...bodies.map((body) => encodeEvent(eventOf(body, salt))))),
        ),
        (input) => {
          readsOneSpelling(eventCodec, input);
          try {
            const event = decodeEvent(input);
            if (!isUnknown(event)) expect(encodeEvent(event)).toEqual(input);
          } catch (error) {
            if (!isBullaError(error)) throw error;
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
