import { BullaError } from "@bulla/wire";
import { expect, test } from "vitest";
import { errorAnswer, refusalOf } from "./refusal.ts";

test("an unknown error is answered without detail and logged without its message", () => {
  const log: string[] = [];
  const refusal = refusalOf(new TypeError("secret canary"), (line) => log.push(line));
  expect(refusal).toMatchObject({ status: 500, code: "service/internal" });
  const id = /internal error ([0-9a-f]{16})/.exec(refusal.message)?.[1];
  expect(log).toHaveLength(1);
  expect(log[0]).toContain(id);
  expect(JSON.stringify([errorAnswer(refusal), log])).not.toContain("canary");
});

test("a full disk is answered as unavailable, and a code without a status as internal", () => {
  const silent = (): void => undefined;
  expect(refusalOf(Object.assign(new Error("x"), { code: "ENOSPC" }), silent)).toMatchObject({
    status: 503,
    code: "service/unavailable",
  });
  expect(refusalOf(new BullaError("core/bad-key", "x"), silent)).toMatchObject({
    status: 500,
    code: "service/internal",
  });
});
