import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { utf8 } from "@bulla/wire";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/test-service.fixture.ts";
import { DayKeys } from "./day-keys.ts";

test("a key that could not be written masks nothing, and the day gets one when there is room again", async () => {
  const file = join(await temporaryFolder(), "days");
  const keys = new DayKeys(file);
  mkdirSync(`${file}.new`);
  expect(() => keys.mask(20_000, utf8("lost"))).toThrow();
  rmdirSync(`${file}.new`);
  const masked = keys.mask(20_000, utf8("kept"));
  expect(new DayKeys(file).unmask(20_000, masked)).toEqual(utf8("kept"));
});

test("a key that could not be destroyed on disk is destroyed the next time", async () => {
  const file = join(await temporaryFolder(), "days");
  const keys = new DayKeys(file);
  const masked = keys.mask(20_000, utf8("gone"));
  mkdirSync(`${file}.new`);
  expect(() => keys.forgetBefore(20_001)).toThrow();
  rmdirSync(`${file}.new`);
  keys.forgetBefore(20_001);
  expect(() => new DayKeys(file).unmask(20_000, masked)).toThrow("the key of a day that has not passed is gone");
});
