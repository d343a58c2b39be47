import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { inLanes, Permits } from "./permits.ts";

const never = new AbortController().signal;

test("no more than so many work at once, and all do in the end", async () => {
  const permits = new Permits(3);
  let now = 0;
  let most = 0;
  const done: number[] = [];
  await inLanes(
    10,
    Array.from({ length: 30 }, (_, i) => i),
    never,
    (i) =>
      permits.run(never, async () => {
        most = Math.max(most, ++now);
        await sleep(1);
        now--;
        done.push(i);
      }),
  );
  expect(most).toBe(3);
  expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, i) => i));
});

test("who waits and is aborted takes no permit along", async () => {
  const permits = new Permits(1);
  const giveBack = await permits.take(never);
  const stop = new AbortController();
  const waiting = permits.take(stop.signal);
  const next = permits.take(never);
  stop.abort(new Error("stopped"));
  await expect(waiting).rejects.toThrow("stopped");
  giveBack();
  giveBack();
  (await next)();
  (await permits.take(never))();
});

test("the first failure stops the other lanes and comes out when they have ended", async () => {
  const ended: number[] = [];
  const run = inLanes(3, [1, 2, 3, 4, 5], never, async (i, signal) => {
    if (i === 2) throw new Error("two");
    await sleep(5);
    ended.push(i);
    signal.throwIfAborted();
  });
  await expect(run).rejects.toThrow("two");
  expect(ended.sort((a, b) => a - b)).toEqual([1, 3]);
});
