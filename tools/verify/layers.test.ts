import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findLayerProblems } from "./layers.ts";

const box = mkdtempSync(join(tmpdir(), "bulla-layers-"));
afterAll(() => rmSync(box, { recursive: true, force: true }));

const members = ["packages/wire", "packages/content", "packages/core", "packages/client", "packages/testkit"];
const apps = ["apps/service", "apps/cli"];

/** Lay out a small house, each member with a door, plus the given files, and say what the rules refuse. */
async function refusedIn(files: Readonly<Record<string, string>>): Promise<string> {
  const root = mkdtempSync(join(box, "house-"));
  for (const folder of [...members, ...apps]) {
    const name = `@bulla/${folder.split("/")[1]}`;
    const exports = {
      ".": { "@bulla/source": "./src/index.ts" },
      "./node": { "@bulla/source": "./src/platform/node/index.ts" },
    };
    await put(root, `${folder}/package.json`, JSON.stringify({ name, exports, dependencies: declared }));
    await put(root, `${folder}/src/index.ts`, "export const door: number = 1;\n");
    await put(root, `node_modules/${name}`, { linkTo: `../../${folder}` });
  }
  await put(root, "packages/client/src/platform/node/index.ts", 'import "node:fs";\n');
  for (const [path, text] of Object.entries(files)) await put(root, path, text);
  return (await findLayerProblems(root)).join("\n");
}

const declared = Object.fromEntries([...members, ...apps].map((folder) => [`@bulla/${folder.split("/")[1]}`, "0.1.0"]));

async function put(root: string, path: string, content: string | { readonly linkTo: string }): Promise<void> {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  if (typeof content === "string") await writeFile(file, content);
  else await symlink(content.linkTo, file);
}

test("the arrows of the house are allowed", async () => {
  const refused = await refusedIn({
    "packages/content/src/a.ts": 'import "@bulla/wire";',
    "packages/core/src/a.ts": 'import "@bulla/wire";',
    "packages/core/src/a.test.ts": 'import "node:fs"; import "@bulla/testkit"; import "./a.ts";',
    "packages/client/src/a.ts": 'import "@bulla/core"; import "@bulla/content"; import "@bulla/wire";',
    "packages/client/src/platform/node/a.ts": 'import "node:fs"; import "../../a.ts";',
    "packages/testkit/src/a.ts": 'import "node:fs"; import "@bulla/client/node"; import "@bulla/service";',
    "apps/service/src/a.ts": 'import "node:sqlite"; import "@bulla/wire";',
    "apps/cli/src/a.ts": 'import "@bulla/client"; import "@bulla/client/node"; import "@bulla/wire";',
    "e2e/src/a.ts": 'import "@bulla/testkit"; import "@bulla/service"; import "@bulla/core";',
    "e2e/package.json": JSON.stringify({ dependencies: declared }),
  });
  expect(refused).toBe("");
});

test.each([
  ["packages/wire", "@bulla/core"],
  ["packages/content", "@bulla/core"],
  ["packages/core", "@bulla/content"],
  ["packages/core", "@bulla/client"],
  ["packages/client", "@bulla/service"],
  ["packages/client", "@bulla/testkit"],
  ["apps/service", "@bulla/core"],
  ["apps/service", "@bulla/client"],
  ["apps/service", "@bulla/content"],
  ["apps/service", "@bulla/testkit"],
  ["apps/cli", "@bulla/core"],
  ["apps/cli", "@bulla/service"],
])("%s may not import %s", async (folder, imported) => {
  const refused = await refusedIn({ [`${folder}/src/a.ts`]: `import "${imported}";` });
  expect(refused).toContain(`${folder}/src/a.ts -> `);
  expect(refused).toContain(`${folder} imports only itself and the doors of`);
});

test("a type is an import too", async () => {
  const refused = await refusedIn({
    "apps/service/src/a.ts": 'import type { door } from "@bulla/core";\nexport type A = typeof door;',
  });
  expect(refused).toContain("apps/service/src/a.ts -> packages/core/src/index.ts");
});

test("tests may use any door, but no more than doors", async () => {
  const refused = await refusedIn({
    "packages/core/src/a.test.ts": 'import "@bulla/client/node"; import "@bulla/service";',
    "packages/core/src/b.test.ts": 'import "../../testkit/src/inner.ts";',
    "packages/testkit/src/inner.ts": "export {};",
  });
  expect(refused).toBe(
    "packages/core/src/b.test.ts -> packages/testkit/src/inner.ts: tests of packages/core import only itself and doors",
  );
});

test("nobody reaches past a door", async () => {
  const refused = await refusedIn({
    "packages/wire/src/inner/secret.ts": "export {};",
    "packages/core/src/a.ts": 'import "../../wire/src/inner/secret.ts";',
  });
  expect(refused).toContain("packages/core/src/a.ts -> packages/wire/src/inner/secret.ts");
});

test("wire has a door per subfolder", async () => {
  const refused = await refusedIn({
    "packages/wire/src/merkle/index.ts": "export {};",
    "packages/core/src/a.ts": 'import "../../wire/src/merkle/index.ts";',
  });
  expect(refused).toBe("");
});

test("core may not import node:fs", async () => {
  const refused = await refusedIn({ "packages/core/src/a.ts": 'import "node:fs";' });
  expect(refused).toContain("packages/core/src/a.ts -> fs: node: only in apps");
});

test("core may not import node:sqlite, which has no name without the prefix", async () => {
  const refused = await refusedIn({ "packages/core/src/a.ts": 'import "node:sqlite";' });
  expect(refused).toContain("packages/core/src/a.ts -> ");
});

test("the client's first door does not lead to Node", async () => {
  const refused = await refusedIn({ "packages/client/src/a.ts": 'import "./platform/node/index.ts";' });
  expect(refused).toContain("packages/client/src/a.ts -> packages/client/src/platform/node/index.ts");
});

test("cycles are refused", async () => {
  const refused = await refusedIn({
    "packages/core/src/a.ts": 'import "./b.ts";\nexport const a: number = 1;',
    "packages/core/src/b.ts": 'import "./a.ts";\nexport const b: number = 1;',
  });
  expect(refused).toContain("no cycles");
});

test("what ships may not import a test", async () => {
  const refused = await refusedIn({
    "packages/core/src/a.fixture.ts": "export {};",
    "packages/core/src/a.ts": 'import "./a.fixture.ts";',
  });
  expect(refused).toContain("what ships does not import tests");
});

test("what ships may not import what it does not declare, or only for development", async () => {
  const refused = await refusedIn({
    "node_modules/stray/package.json": '{ "name": "stray", "main": "index.js" }',
    "node_modules/stray/index.js": "",
    "node_modules/dev/package.json": '{ "name": "dev", "main": "index.js" }',
    "node_modules/dev/index.js": "",
    "packages/core/package.json": '{ "devDependencies": { "dev": "1.0.0" } }',
    "packages/core/src/a.ts": 'import "stray";',
    "packages/core/src/b.ts": 'import "dev";',
  });
  expect(refused).toContain(
    "packages/core/src/a.ts -> node_modules/stray/index.js: what ships declares what it imports",
  );
  expect(refused).toContain("packages/core/src/b.ts -> node_modules/dev/index.js: what ships declares what it imports");
});

test("an import that leads nowhere is refused", async () => {
  const refused = await refusedIn({ "packages/core/src/a.ts": 'import "./gone.ts";' });
  expect(refused).toContain("every import leads somewhere");
});

test("a folder that is not in the table may import nothing of ours", async () => {
  const refused = await refusedIn({ "packages/newcomer/src/a.ts": 'import "../../wire/src/index.ts";' });
  expect(refused).toContain("packages/newcomer/src/a.ts -> packages/wire/src/index.ts");
});
