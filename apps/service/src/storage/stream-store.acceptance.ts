import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { Acceptance } from "./acceptance.ts";
import type { ReadBounds, StreamChange, StreamStore } from "./stream-store.ts";

type Append = StreamChange & { readonly kind: "append" };

const bounds: ReadBounds = { from: 0, maxRecords: 1000, maxBytes: 10_000_000, today: 100 };
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
const append = (sid: Uint8Array, options: Partial<Append> = {}): Append => ({
  kind: "append",
  sid,
  recordId: random(16),
  body: random(1024),
  expiryDay: null,
  close: false,
  ...options,
});

/** What every adapter of `StreamStore` promises. */
export const streamStorePromises: readonly Acceptance<StreamStore>[] = [
  {
    promise: "changes of one commit are applied in their order, across streams",
    async hold(store) {
      const [a, b] = [random(32), random(32)];
      const outcomes = await store.commit([
        append(a),
        { kind: "open", sid: a },
        append(a),
        { kind: "open", sid: b },
        append(b),
        append(a, { close: true }),
        append(a),
        { kind: "open", sid: a },
      ]);
      deepStrictEqual(outcomes, [
        { kind: "notOpen" },
        { kind: "opened" },
        { kind: "appended", position: 0 },
        { kind: "opened" },
        { kind: "appended", position: 0 },
        { kind: "appended", position: 1 },
        { kind: "closed", length: 2 },
        { kind: "alreadyOpen" },
      ]);
    },
  },
  {
    promise: "when one change of a commit cannot be stored, none of it is",
    async hold(store) {
      const sid = random(32);
      await store.commit([{ kind: "open", sid }]);
      const broken = append(sid, { expiryDay: Number.NaN, recordId: new Uint8Array(16) });
      const impossible: StreamChange = {
        ...broken,
        get body(): Uint8Array {
          throw new Error("no body");
        },
      };
      await rejects(store.commit([append(sid), append(sid), impossible, append(sid)]));
      strictEqual((await store.read(sid, bounds)).length, 0);
      await store.commit([append(sid)]);
      strictEqual((await store.read(sid, bounds)).records.length, 1);
    },
  },
  {
    promise: "a read is bounded by records and by bytes, yet always goes on",
    async hold(store) {
      const sid = random(32);
      await store.commit([{ kind: "open", sid }, ...Array.from({ length: 20 }, () => append(sid))]);
      strictEqual((await store.read(sid, { ...bounds, maxRecords: 7 })).records.length, 7);
      strictEqual((await store.read(sid, { ...bounds, maxBytes: 5 * 1024 })).records.length, 5);
      strictEqual((await store.read(sid, { ...bounds, maxBytes: 1 })).records.length, 1);
      deepStrictEqual(await store.read(random(32), bounds), { records: [], length: 0, closed: false });
    },
  },
  {
    promise: "the allowance of a closed stream opens eight, and no link between them is needed",
    async hold(store) {
      const closedSid = random(32);
      await store.commit([{ kind: "open", sid: closedSid }]);
      deepStrictEqual(await store.commit([{ kind: "openFrom", sid: random(32), closedSid }]), [{ kind: "notAllowed" }]);
      await store.commit([append(closedSid, { close: true })]);
      const outcomes = await store.commit(
        Array.from({ length: 9 }, () => ({ kind: "openFrom", sid: random(32), closedSid }) as const),
      );
      deepStrictEqual(
        outcomes.map(({ kind }) => kind),
        [...Array<string>(8).fill("opened"), "notAllowed"],
      );
    },
  },
  {
    promise:
      "an expired record keeps its id and hash, its position, and its place among duplicates, before and after the sweep",
    async hold(store) {
      const sid = random(32);
      const [recordId, body] = [random(16), random(4096)];
      const bodyHash = new Uint8Array(createHash("sha256").update(body).digest());
      await store.commit([{ kind: "open", sid }, append(sid, { recordId, body, expiryDay: 100 }), append(sid)]);
      strictEqual(await store.sweep(100, 10), 0);
      const expected = { kind: "expired", recordId, bodyHash };
      deepStrictEqual((await store.read(sid, { ...bounds, today: 101 })).records[0], expected);
      strictEqual(await store.sweep(101, 10), 1);
      strictEqual(await store.sweep(101, 10), 0);
      const after = await store.read(sid, bounds);
      deepStrictEqual([after.records[0], after.records[1]?.kind, after.length], [expected, "record", 2]);
      deepStrictEqual(await store.commit([append(sid, { recordId, body }), append(sid, { recordId })]), [
        { kind: "duplicate", position: 0 },
        { kind: "conflict" },
      ]);
    },
  },
];
