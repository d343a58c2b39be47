import { textOf, utf8 } from "@bulla/wire";
import { openSqliteStore } from "./sqlite-store.ts";

// A process that adds one to two counters per step, `times` times, and says each finished step on stdout.
const [path, times] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: count.fixture.ts PATH TIMES");
const store = await openSqliteStore(path);
for (let i = 0; i < Number(times); i++) {
  const now = await store.step(async (step) => {
    const before = await step.get("count/a");
    const next = Number(before === undefined ? "0" : textOf(before)) + 1;
    await step.put("count/a", utf8(String(next)));
    await new Promise(setImmediate);
    await step.put("count/b", utf8(String(next)));
    return next;
  });
  process.stdout.write(`${now}\n`);
}
await store[Symbol.asyncDispose]();
