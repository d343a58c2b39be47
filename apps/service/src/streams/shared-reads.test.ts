import { expect, test } from "vitest";
import type { StreamRead } from "../storage/stream-store.ts";
import { SharedReads } from "./shared-reads.ts";

const sid = new Uint8Array(32).fill(7);
const empty: StreamRead = { records: [], length: 0, closed: false };
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const append = (n: number, close = false) =>
  ({
    kind: "append",
    sid,
    recordId: new Uint8Array(16).fill(n),
    body: new Uint8Array(1024).fill(n),
    expiryDay: null,
    close,
  }) as const;

test("all who read the same in one turn share one read, and the next turn reads again", async () => {
  const reads = new SharedReads();
  let count = 0;
  const read = async (): Promise<StreamRead> => {
    count++;
    return { ...empty };
  };
  const [a, b] = await Promise.all([reads.take(sid, 3, read), reads.take(sid, 3, read)]);
  expect(a).toBe(b);
  await reads.take(sid, 4, read);
  expect(count).toBe(2);
  await nextTurn();
  expect(await reads.take(sid, 3, read)).not.toBe(a);
});

test("what was appended is told without a read to those who had all before it, in its order", async () => {
  const reads = new SharedReads();
  const changes = [append(1), append(2), append(3, true)];
  const outcomes = [
    { kind: "appended", position: 5 },
    { kind: "duplicate", position: 1 },
    { kind: "appended", position: 6 },
  ] as const;
  reads.renew(changes, outcomes);
  const read = (): Promise<StreamRead> => Promise.reject(new Error("this was not to be read"));
  const told = await reads.take(sid, 5, read);
  expect(told).toMatchObject({ length: 7, closed: true });
  expect(told.records.map(({ recordId }) => recordId[0])).toEqual([1, 3]);
  await expect(reads.take(sid, 4, read)).rejects.toThrow("not to be read");
});

test("what was read before a change is not told after it", async () => {
  const reads = new SharedReads();
  const before = await reads.take(sid, 0, async () => empty);
  reads.renew([append(1)], [{ kind: "appended", position: 0 }]);
  const after = await reads.take(sid, 0, async () => empty);
  expect(before.length).toBe(0);
  expect(after.length).toBe(1);
});
