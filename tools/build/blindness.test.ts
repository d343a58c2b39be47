import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../project.mjs";
import { bundleService } from "./build-service.ts";

/** What is said against a service whose entry holds this source. */
async function problemsOf(source: string): Promise<string> {
  const stdin = {
    contents: source,
    loader: "ts",
    resolveDir: join(root, "apps/service/src"),
    sourcefile: "apps/service/src/main.ts",
  } as const;
  const { problems } = await bundleService(root, { stdin });
  return problems.join("\n");
}

test("a service that only knows the wire is blind", async () => {
  expect(await problemsOf('import "node:http"; import * as wire from "@bulla/wire"; console.log(wire);')).toBe("");
});

test.each(["core", "client", "content", "testkit"])("a service that imports %s is refused", async (name) => {
  const problems = await problemsOf(`import "@bulla/${name}";`);
  expect(problems).toContain(`the service holds packages/${name}/src/index.ts`);
});

test.each(["ts-mls", "@hpke/core", "age-encryption"])("a service that imports %s is refused", async (name) => {
  const problems = await problemsOf(
    `import * as it from ${JSON.stringify(join(root, "node_modules", name))}; console.log(it);`,
  );
  expect(problems).toContain(`the service holds node_modules/${name}/`);
});

test("a service that loads a module at run time is refused", async () => {
  const problems = await problemsOf(
    'const name = "node:http"; await import(name); await import("./unseen.mjs").catch(() => {});',
  );
  expect(problems).toContain("unseen.mjs");
});

test.each([
  ["createDecipheriv", 'import { createDecipheriv } from "node:crypto"; console.log(createDecipheriv);'],
  ["privateDecrypt", 'import * as crypto from "node:crypto"; console.log(crypto.privateDecrypt);'],
  ["decapsulate", 'import { decapsulate } from "node:crypto"; console.log(decapsulate);'],
  ["subtle.decrypt", "const { subtle } = crypto; console.log(subtle.decrypt);"],
  ['subtle["decrypt"]', 'console.log(crypto.subtle["decrypt"]);'],
  ["unwrapKey", "console.log(crypto.subtle.unwrapKey);"],
  [".decrypt(", "export function f(cipher: { decrypt(): string }): string { return cipher.decrypt(); }"],
  ["openRecord", "export function openRecord(): number { return 1; }"],
])("a service that says %s is refused, wherever it came from", async (_, source) => {
  expect(await problemsOf(source)).toContain("the service says ");
});
