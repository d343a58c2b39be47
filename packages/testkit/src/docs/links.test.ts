import { existsSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { type Page, readPages, readText, root } from "./pages.fixture.ts";

const pages = readPages();

describe("every link leads somewhere:", () => {
  for (const page of pages)
    test(page.path, () => expect(linksOf(page).filter((link) => !leads(page.path, link))).toEqual([]));
});

test("every page of docs is listed in docs/README.md", () => {
  const index = readText("docs/README.md");
  const missing = pages
    .map(({ path }) => path)
    .filter((path) => path.startsWith("docs/") && path !== "docs/README.md" && !index.includes(`(${path.slice(5)})`));
  expect(missing).toEqual([]);
});

test("decisions are numbered without a gap, and each says context, choice and price", () => {
  const decisions = pages.filter(({ path }) => path.startsWith("docs/decisions/"));
  expect(decisions.map(({ path }) => Number(path.slice(15, 19)))).toEqual(decisions.map((_, i) => i + 1));
  for (const { path, text } of decisions) {
    const heads = [...text.matchAll(/^## (.*)$/gm)].map(([, head]) => head);
    expect(heads, path).toEqual(["Context", "Choice", "Price"]);
  }
});

test("no page is about the workplace it was written in", () => {
  const words = /\b(prompt|AI|LLM|\/work\/|\/tmp\/|localhost:8\d{3})\b/;
  expect(pages.filter(({ text }) => words.test(text)).map(({ path }) => path)).toEqual([]);
});

function linksOf({ text }: Page): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
  const inMarkdown = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const inHtml = [...prose.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, target = ""]) => target);
  return [...inMarkdown, ...inHtml];
}

function leads(from: string, link: string): boolean {
  if (/^https:\/\/[a-z0-9.-]+(\/|$)/.test(link)) return true;
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? from : normalize(join(dirname(from), path));
  if (target.startsWith("..") || !existsSync(join(root, target))) return false;
  return anchor === undefined || anchorsOf(readText(target)).includes(anchor);
}

/** As code hosts make them from headings. */
function anchorsOf(text: string): readonly string[] {
  const prose = text.replace(/^```[\s\S]*?^```$/gm, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, head = ""]) =>
    head
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
