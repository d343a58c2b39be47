import { describe, expect, test } from "vitest";
import { statusOfCode } from "./api/status.ts";
import { textOf } from "./encoding/bytes.ts";
import { BullaError, errorCodes, InternalError, isBullaError, isErrorCode } from "./errors.ts";
import { type Label, labelBytes, labels } from "./labels.ts";

describe("the registry of labels", () => {
  const names = Object.keys(labels).filter((name): name is Label => name in labels);
  const prefixes = names.map((name) => textOf(labelBytes(name)));

  test("no two labels are the same", () => {
    expect(new Set(Object.values(labels)).size).toBe(names.length);
  });

  test("no label with its NUL begins with another, so no labelled message means anything under another label", () => {
    for (const [i, one] of prefixes.entries()) {
      for (const [j, other] of prefixes.entries()) expect(i !== j && one.startsWith(other)).toBe(false);
    }
  });

  test("every label names the protocol and its version, in printable ASCII, ended by its only NUL", () => {
    for (const prefix of prefixes) expect(prefix).toMatch(/^bulla\/1 [a-z ]*[a-z]\0$/);
  });
});

describe("the registry of error codes", () => {
  test("no code is there twice, and each is area/what", () => {
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
    for (const code of errorCodes) expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/);
  });

  test("every code with an HTTP status exists, and the status is one of a refusal", () => {
    for (const [code, status] of Object.entries(statusOfCode)) {
      expect(isErrorCode(code)).toBe(true);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
  });

  test("every answer of the service has an HTTP status", () => {
    for (const code of errorCodes.filter((one) => one.startsWith("service/"))) expect(statusOfCode[code]).toBeDefined();
  });

  test("an error carries its code, its hint and its cause", () => {
    const cause = new Error("cause");
    const error = new BullaError("wire/malformed", "item is not a number", { cause, hint: "try again" });
    expect(error).toMatchObject({ name: "BullaError", code: "wire/malformed", hint: "try again", cause });
    expect(isBullaError(error, "wire/malformed")).toBe(true);
    expect(isBullaError(error, "wire/too-large")).toBe(false);
    expect(isBullaError(cause)).toBe(false);
    expect(new InternalError("broken").code).toBe("internal/bug");
    expect(isErrorCode("wire/unheard-of")).toBe(false);
    expect(isErrorCode(7)).toBe(false);
  });
});
