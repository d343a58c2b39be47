import { afterAll, expect, test } from "vitest";
import { removeLeftovers } from "./leftovers.ts";
import { buildProduct, product } from "./variant.ts";

afterAll(removeLeftovers);

test("a twin differs in its one check only", async () => {
  const [strict, loose] = [await product(), await product("anyName")];
  expect(strict.client.safeRelativePath("../../x")).toBe("x");
  expect(loose.client.safeRelativePath("../../x")).toBe("../../x");
  expect(loose.client.numberedName("a.txt", 2)).toBe(strict.client.numberedName("a.txt", 2));
});

test("code that is not there fails the build, because a control that swaps nothing proves nothing", async () => {
  const file = "client/src/transfer-names/safe-path.ts";
  await expect(buildProduct([{ file, code: "if (nobody) return wrote;", by: "" }])).rejects.toThrow(
    "0 times, expected 1",
  );
  await expect(buildProduct([{ file, function: "nobodyWroteThis", by: "() => 1" }])).rejects.toThrow("0 functions");
});

test("code that is there twice fails the build", async () => {
  await expect(
    buildProduct([{ file: "client/src/transfer-names/safe-path.ts", code: "number", by: "1" }]),
  ).rejects.toThrow("expected 1");
});

test("a file that is not part of the product fails the build", async () => {
  await expect(buildProduct([{ file: "client/src/nowhere.ts", code: "x", by: "" }])).rejects.toThrow(
    "nothing was swapped",
  );
});
