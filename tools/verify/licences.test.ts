import { expect, test } from "vitest";
import { findForeignLicences } from "./licences.ts";
import type { LockedPackage } from "./lock-file.ts";

function problemsOf(name: string, locked: LockedPackage): readonly string[] {
  return findForeignLicences({ lockfileVersion: 3, packages: { "": {}, [`node_modules/${name}`]: locked } });
}

test.each(["MIT", "ISC", "BSD-3-Clause", "(MIT OR GPL-3.0)", "MIT AND ISC"])("%s may ship", (license) => {
  expect(problemsOf("x", { license })).toEqual([]);
});

test.each([undefined, "GPL-3.0", "LGPL-3.0+", "UNLICENSED", "MIT AND GPL-3.0", "SSPL-1.0"])(
  "%s may not ship",
  (license) => {
    expect(problemsOf("x", license === undefined ? {} : { license })).toHaveLength(1);
  },
);

test("LGPL may ship for openpgp only", () => {
  expect(problemsOf("openpgp", { license: "LGPL-3.0+" })).toEqual([]);
  expect(problemsOf("openpgp/node_modules/x", { license: "LGPL-3.0+" })).toHaveLength(1);
});

test("what is for development only may be under anything", () => {
  expect(problemsOf("x", { license: "GPL-3.0", dev: true })).toEqual([]);
});
