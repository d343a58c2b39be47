import { expect, test } from "vitest";
import { findHosts, findLooseVersions, findUnpinned } from "./lock-checks.ts";
import type { LockedPackage } from "./lock-file.ts";

function problemsOf(find: typeof findHosts, locked: LockedPackage): readonly string[] {
  return find({ lockfileVersion: 3, packages: { "": {}, "packages/wire": {}, "node_modules/x": locked } });
}

test("a package without a hash is refused", () => {
  expect(problemsOf(findUnpinned, { version: "1.0.0" })).toHaveLength(1);
  expect(problemsOf(findUnpinned, { version: "1.0.0", optional: true, os: ["linux"] })).toHaveLength(1);
});

test("a package with a hash, a link to a workspace, and a package for no platform are fine", () => {
  expect(problemsOf(findUnpinned, { version: "1.0.0", integrity: "sha512-x" })).toEqual([]);
  expect(problemsOf(findUnpinned, { link: true, resolved: "packages/wire" })).toEqual([]);
  expect(problemsOf(findUnpinned, { version: "1.0.0", optional: true, os: ["none"] })).toEqual([]);
});

test("a lock file that says where a package came from is refused", () => {
  expect(problemsOf(findHosts, { version: "1.0.0", resolved: "https://mirror.example/x.tgz" })).toHaveLength(1);
  expect(problemsOf(findHosts, { link: true, resolved: "packages/wire" })).toEqual([]);
});

test.each(["^1.0.0", "~1.0.0", "1.x", "*", "latest", ">=1.0.0", "", "github:a/b", "file:../x"])(
  "version %s is refused",
  (wanted) => {
    expect(findLooseVersions({ dependencies: { x: wanted } })).toHaveLength(1);
    expect(findLooseVersions({ devDependencies: { x: wanted } })).toHaveLength(1);
  },
);

test.each(["1.0.0", "7.0.2007", "1.0.0-rc.1", "npm:typescript@7.0.2", "npm:@scope/name@1.2.3"])(
  "version %s is exact",
  (wanted) => {
    expect(findLooseVersions({ dependencies: { x: wanted } })).toEqual([]);
  },
);
