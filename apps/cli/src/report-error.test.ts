import { inspect } from "node:util";
import { BullaError, errorCodes, InternalError } from "@bulla/wire";
import { expect, test } from "vitest";
import { errorSentences } from "./error-sentences.ts";
import { exitCodes } from "./exit-codes.ts";
import { explainError } from "./report-error.ts";

test("every error code has a sentence, a hint and an exit code, and nothing else has", () => {
  expect(Object.keys(errorSentences).toSorted()).toEqual([...errorCodes].toSorted());
  for (const [code, { exit, sentence, hint }] of Object.entries(errorSentences)) {
    expect(Object.values(exitCodes), code).toContain(exit);
    expect(exit, code).not.toBe(0);
    for (const words of [sentence, hint]) expect(words, code).toMatch(/^[^A-Z\n].{4,}[^.\n]$/);
  }
});

test("a hint of the error's own goes before the default one, and every error has one", () => {
  expect(explainError(new BullaError("store/exists", "taken", { hint: "mine" })).error.hint).toBe("mine");
  for (const code of errorCodes) expect(explainError(new BullaError(code, "what happened")).error.hint).not.toBe("");
});

test("which of the things that were named it is about is shown to people, and is in nothing that gets logged", () => {
  const error = new BullaError("contact/unknown-recipient", "nobody has that handle", { about: "carol@acme.example" });
  expect(explainError(error).error.message).toBe("nobody has that handle: carol@acme.example");
  expect(`${JSON.stringify(error)} ${String(error)} ${inspect(error)}`).not.toContain("carol");
});

test("what the protocol says stands in brackets behind a sentence for people", () => {
  expect(explainError(new BullaError("service/quota", "0 bytes left")).error.message).toBe(
    "the account's room at the service is used up (0 bytes left)",
  );
});

test("an unexpected error shows its kind and place, and neither its message nor a path", () => {
  for (const error of [new TypeError("secret.txt: the plaintext"), new InternalError("secret.txt")]) {
    const { exit, error: words } = explainError(error);
    expect([exit, words.code]).toEqual([1, "internal/bug"]);
    expect(words.message).toMatch(/\((TypeError|BullaError) at report-error\.test\.ts:\d+:\d+\)$/);
    expect(JSON.stringify(words)).not.toMatch(/secret|plaintext|apps\/cli/);
  }
  for (const thrown of ["secret", undefined, null, { message: "secret" }])
    expect(JSON.stringify(explainError(thrown))).not.toContain("secret");
});

test("words that came from elsewhere cannot steer the terminal", () => {
  const { message } = explainError(new BullaError("transfer/refused", "a\u001b[2Jb\u202ec\nd")).error;
  expect(message).toBe("a\ufffd[2Jb\ufffdc\ufffdd");
});
