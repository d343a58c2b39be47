import { configureGlobal, readConfigureGlobal } from "fast-check";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

test("SEED decides with what properties begin", async () => {
  const before = readConfigureGlobal();
  vi.stubEnv("SEED", "7");
  vi.resetModules();
  await import("./seed.ts");
  expect(readConfigureGlobal().seed).toBe(7);
  configureGlobal(before);
});
