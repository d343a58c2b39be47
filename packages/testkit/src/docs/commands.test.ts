import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { codeBlocks, readPages, readText, root } from "./pages.fixture.ts";

/** A command as it stands in a page. */
interface Typed {
  readonly page: string;
  readonly line: string;
  readonly words: readonly string[];
}

const typed: readonly Typed[] = readPages().flatMap(({ path, text }) => {
  const inProse = [...text.matchAll(/`(bulla [a-z][^`]*)`/g)].map(([, line = ""]) => line);
  const lines = new Set([...codeBlocks(text, "sh").flatMap(linesOf), ...inProse]);
  return [...lines].map((line) => ({ page: path, line, words: wordsOf(line) }));
});
const bulla = typed.filter(({ words }) => words[0] === "bulla" || words[0] === "node_modules/.bin/bulla");

test("the pages show commands at all", () => expect(bulla.length).toBeGreaterThan(5));

describe("every command in a page is one that the program knows, with options that it has:", () => {
  for (const { page, line, words } of bulla) {
    test(`${page}: ${line}`, () => {
      const name = nameOf(words.slice(1));
      const help = helpOf(name);
      expect(help).toContain(`usage: bulla ${name}`.trimEnd());
      const options = words.filter((word) => /^--?[a-z]/.test(word)).map((word) => word.split("=")[0] ?? word);
      for (const option of options) expect(help, option).toMatch(new RegExp(`(^|[ ,\\[|(])${option}\\b`, "m"));
    });
  }
});

test("every npm command in a page is a script of package.json", () => {
  const { scripts } = JSON.parse(readText("package.json")) as { readonly scripts: Readonly<Record<string, string>> };
  const asked = readPages().flatMap(({ text }) =>
    [...text.matchAll(/\bnpm (?:run )?([a-z-]+)\b/g)].map(([, name = ""]) => name),
  );
  const builtIn = ["ci", "install"];
  expect([...new Set(asked)].filter((name) => !Object.hasOwn(scripts, name) && !builtIn.includes(name))).toEqual([]);
});

function linesOf(block: string): readonly string[] {
  return block
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Without variables set for the command. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
  return words.slice(Math.max(0, first)).map((word) => word.replace(/^"|"$/g, ""));
}

function nameOf([first = "", second = ""]: readonly string[]): string {
  const hasMore = (first === "contacts" && /^(accept|block|unblock)$/.test(second)) || first === "receipt";
  if (first.startsWith("-")) return "";
  return hasMore ? `${first} ${second}` : first;
}

const seen = new Map<string, string>();

function helpOf(name: string): string {
  const known = seen.get(name);
  if (known !== undefined) return known;
  const program = name === "serve" ? "apps/service/src/main.ts" : "apps/cli/src/main.ts";
  const help = execFileSync(
    process.execPath,
    ["--conditions=@bulla/source", join(root, program), ...(name === "" ? [] : name.split(" ")), "--help"],
    { encoding: "utf8" },
  );
  seen.set(name, help);
  return help;
}
