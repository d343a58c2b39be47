import { afterEach, describe, expect, test, vi } from "vitest";
import { vectorFolder } from "./node/vector-folder.ts";
import { type TestFunction, vectorTest } from "./vector-test.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("without the folder of vectors", () => {
  const vector = { name: "a promise", file: "some.json", run: () => ({ ran: 1, failed: [], skipped: {} }) };

  test("a vector test is skipped out loud with the reason", () => {
    vi.stubEnv("BULLA_VECTORS", "/nowhere");
    vi.stubEnv("CI", "");
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    const skipped: string[] = [];
    const runner: TestFunction = Object.assign(() => expect.unreachable("it must not run"), {
      skip: (name: string) => void skipped.push(name),
    });
    vectorTest(runner, vector);
    expect(skipped).toEqual([expect.stringContaining("name it in BULLA_VECTORS")]);
    expect(warned).toHaveBeenCalledWith(expect.stringContaining("a promise"));
  });

  test("CI=true makes it a failure", () => {
    vi.stubEnv("BULLA_VECTORS", "/nowhere");
    vi.stubEnv("CI", "true");
    expect(() => vectorFolder()).toThrow("missing");
  });
});
