import type { Store, StoreTransaction } from "@bulla/client";
import { InternalError, textOf, utf8 } from "@bulla/wire";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

/** A place where a store can be opened more than once, also twice at the same time. */
export interface StorePlace {
  open(): Promise<Store>;
  remove(): Promise<void>;
}

/** The promises of the Store port, as vitest tests. Every adapter passes all of them. */
export function storeAcceptance(name: string, createPlace: () => Promise<StorePlace>): void {
  describe(name, () => {
    let place: StorePlace;
    let store: Store;
    beforeEach(async () => {
      place = await createPlace();
      store = await place.open();
    });
    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await place.remove();
    });
    const reopen = async (): Promise<void> => {
      await store[Symbol.asyncDispose]();
      store = await place.open();
    };

    test("a place never written is undefined, also inside a step", async () => {
      expect(await store.get("nothing/here")).toBeUndefined();
      expect(await store.step((step) => step.get("nothing/here"))).toBeUndefined();
    });

    test("what a finished step wrote is still there after reopening", async () => {
      await store.step(async (step) => {
        await step.put("a/1", utf8("one"));
        await step.put("a/2", utf8("two"));
      });
      await reopen();
      expect(await textsIn(store, "")).toEqual({ "a/1": "one", "a/2": "two" });
    });

    test("a step that throws leaves nothing behind, and its own error comes through", async () => {
      await store.step((step) => step.put("kept", utf8("before")));
      const failure = new RangeError("as planned");
      const failed = store.step(async (step) => {
        await step.put("kept", utf8("after"));
        await step.put("more", utf8("x"));
        await step.delete("kept");
        throw failure;
      });
      await expect(failed).rejects.toBe(failure);
      expect(await textsIn(store, "")).toEqual({ kept: "before" });
      await reopen();
      expect(await textsIn(store, "")).toEqual({ kept: "before" });
    });

    test("a step reads what it wrote; others see it only when it is over", async () => {
      await store.step(async (step) => {
        await step.put("x", utf8("new"));
        expect(textOf((await step.get("x")) ?? utf8(""))).toBe("new");
        expect(await textsIn(step, "")).toEqual({ x: "new" });
        expect(await store.get("x")).toBeUndefined();
        expect(await store.list("")).toEqual([]);
      });
      expect(await textsIn(store, "")).toEqual({ x: "new" });
    });

    test("steps run one at a time, in the order they were asked for, however long their work awaits", async () => {
      const events: string[] = [];
      const slow = (label: string): Promise<void> =>
        store.step(async () => {
          events.push(`${label} begins`);
          await new Promise((resolve) => setTimeout(resolve, 5));
          events.push(`${label} ends`);
        });
      await Promise.all([slow("a"), slow("b"), slow("c")]);
      expect(events).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
    });

    test("two stores on one place, counting 200 each at once, never lose an increment", async () => {
      const other = await place.open();
      const count = async (counter: Store): Promise<void> => {
        for (let i = 0; i < 200; i++) await increment(counter, "counter");
      };
      await Promise.all([count(store), count(other)]);
      await other[Symbol.asyncDispose]();
      expect(await textsIn(store, "")).toEqual({ counter: "400" });
    });

    test("a list holds every key with that prefix and no other, in the order of their bytes", async () => {
      const keys = ["b", "a/10", "a/2", "a/1", "a/1/x", "ab", "a", "a-1", "B", "a/~".replace("~", "_")];
      await store.step(async (step) => {
        for (const key of keys) await step.put(key, utf8(key));
      });
      expect((await store.list("a/1")).map(({ key }) => key)).toEqual(["a/1", "a/1/x", "a/10"]);
      expect((await store.list("a/")).map(({ key }) => key)).toEqual(["a/1", "a/1/x", "a/10", "a/2", "a/_"]);
      expect((await store.list("")).map(({ key }) => key)).toEqual([
        "B",
        "a",
        "a-1",
        "a/1",
        "a/1/x",
        "a/10",
        "a/2",
        "a/_",
        "ab",
        "b",
      ]);
      expect(await store.list("c")).toEqual([]);
    });

    test("whatever is put, deleted and listed agrees with a plain map, across reopening", async () => {
      const key = fc.stringMatching(/^[a-c]{1,2}(\/[0-9a-f]{1,2})?$/);
      const change = fc.oneof(
        fc.tuple(fc.constant("put" as const), key, fc.uint8Array({ maxLength: 40 })),
        fc.tuple(fc.constant("delete" as const), key),
      );
      const model = new Map<string, Uint8Array>();
      await fc.assert(
        fc.asyncProperty(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 6 }), async (steps) => {
          for (const changes of steps) {
            await store.step(async (step) => {
              for (const [what, at, value] of changes) {
                if (what === "put") await step.put(at, value);
                else await step.delete(at);
              }
            });
            for (const [what, at, value] of changes) {
              if (what === "put") model.set(at, value);
              else model.delete(at);
            }
          }
          const expected = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([at, value]) => ({ key: at, value }));
          expect(await store.list("")).toEqual(expected);
        }),
        { numRuns: 25 },
      );
      await reopen();
      expect((await store.list("")).length).toBe(model.size);
    });

    test("empty values and values of 5 MB come back byte for byte", async () => {
      const big = new Uint8Array(5 * 1024 * 1024).map((_, i) => (i * 31 + (i >> 8)) & 255);
      await store.step(async (step) => {
        await step.put("empty", new Uint8Array(0));
        await step.put("big", big);
      });
      await reopen();
      expect(await store.get("empty")).toEqual(new Uint8Array(0));
      const back = await store.get("big");
      expect(back?.length === big.length && back.every((byte, i) => byte === big[i])).toBe(true);
    });

    test("a value handed out or taken in is a copy", async () => {
      const value = utf8("abc");
      await store.step((step) => step.put("x", value));
      value.fill(0);
      const read = await store.get("x");
      read?.fill(0);
      expect(await textsIn(store, "")).toEqual({ x: "abc" });
    });

    test("keys that are not plain words are refused: a bug of ours, never stored", async () => {
      for (const key of ["", "/a", "a/", "a//b", "a b", "a\0", "bob@example.org", "ä", "\udc00", "x".repeat(513)]) {
        await expect(
          store.step((step) => step.put(key, utf8("x"))),
          JSON.stringify(key),
        ).rejects.toBeInstanceOf(InternalError);
        await expect(store.get(key)).rejects.toBeInstanceOf(InternalError);
      }
      expect(await store.list("")).toEqual([]);
    });

    test("a step cannot be used after its end", async () => {
      const kept = await store.step(async (step) => step);
      await expect(kept.put("late", utf8("x"))).rejects.toBeInstanceOf(InternalError);
      expect(await store.get("late")).toBeUndefined();
    });
  });
}

/** Adds one to a decimal number at that place, with a pause between reading and writing. */
export async function increment(store: Store, key: string): Promise<number> {
  return store.step(async (step) => {
    const before = await step.get(key);
    await Promise.resolve();
    const after = Number(before === undefined ? "0" : textOf(before)) + 1;
    await step.put(key, utf8(String(after)));
    return after;
  });
}

async function textsIn(store: Pick<StoreTransaction, "list">, prefix: string): Promise<Record<string, string>> {
  return Object.fromEntries((await store.list(prefix)).map(({ key, value }) => [key, textOf(value)]));
}
