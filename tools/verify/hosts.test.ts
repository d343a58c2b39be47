import { expect, test } from "vitest";
import { findHostsIn } from "./hosts.ts";

test("a file that names a package registry is refused", () => {
  const host = ["registry", "npmjs", "org"].join(".");
  expect(findHostsIn("README.md", `npm install --registry https://${host}/`)).toHaveLength(1);
  expect(findHostsIn("README.md", "npm install")).toEqual([]);
});
