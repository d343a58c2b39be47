import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { StepQueue } from "./step-queue.ts";

test("a turn that never ends turns the others away with a hint, and the queue goes on when it ends after all", async () => {
  const queue = new StepQueue(40);
  const gate = Promise.withResolvers<string>();
  const endless = queue.run(() => gate.promise);
  const waiting = [queue.run(async () => "second"), queue.run(async () => "third")];
  for (const turn of waiting)
    await expect(turn).rejects.toMatchObject({ code: "store/locked", hint: expect.any(String) });
  const later = queue.run(async () => "fourth");
  gate.resolve("first");
  expect(await Promise.all([endless, later])).toEqual(["first", "fourth"]);
});

test("many short turns may together last longer than the limit", async () => {
  const queue = new StepQueue(60);
  const turns = Array.from({ length: 20 }, (_, i) => queue.run(() => sleep(10, i)));
  expect(await Promise.all(turns)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});
