import { BullaError } from "@bulla/wire";
import { openSqliteStore } from "./sqlite-store.ts";

// A process that writes until the disk is full, then says the error's code and what is left.
const [path] = process.argv.slice(2);
if (path === undefined) throw new Error("usage: fill.fixture.ts PATH");
await using store = await openSqliteStore(path);
let kept = 0;
try {
  for (; kept < 1000; kept++)
    await store.step((step) => step.put(`kept/${String(kept).padStart(4, "0")}`, new Uint8Array(50_000).fill(kept)));
} catch (error) {
  if (!(error instanceof BullaError)) throw error;
  const entries = await store.list("kept/");
  const whole = entries.every(({ value }, i) => value.length === 50_000 && value.every((byte) => byte === i % 256));
  process.stdout.write(
    JSON.stringify({ code: error.code, hint: error.hint !== undefined, kept: entries.length === kept, whole }),
  );
}
