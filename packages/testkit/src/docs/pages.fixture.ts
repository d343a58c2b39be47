import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root: string = fileURLToPath(new URL("../../../../", import.meta.url));

/** Written anew instead of compared, when somebody asks for it: see CONTRIBUTING.md. */
export const isWriting: boolean = process.env["BULLA_WRITE_DOCS"] === "1";

/** A page for people, by its path from the root. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Every page of the project but docs/cli.md, which the command line's own tests hold to its table. */
export function readPages(): readonly Page[] {
  const top = ["README.md", "SECURITY.md", "CONTRIBUTING.md"];
  return [...top, ...pagesBelow("docs")].map((path) => ({ path, text: readText(path) }));
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export function writeText(path: string, text: string): void {
  writeFileSync(join(root, path), text);
}

function pagesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return pagesBelow(path);
      return entry.name.endsWith(".md") && path !== "docs/cli.md" ? [path] : [];
    });
}

/** A part of a page that follows from the code: from `<!-- generated: NAME -->` to `<!-- end -->`. */
export interface Section {
  readonly name: string;
  readonly body: string;
}

const sectionPattern = /<!-- generated: ([a-z0-9 -]+) -->\n([\s\S]*?)<!-- end -->/g;

export function sectionsOf(text: string): readonly Section[] {
  return [...text.matchAll(sectionPattern)].map(([, name = "", body = ""]) => ({ name, body }));
}

/** The page with each section's body as `bodyOf` has it. */
export function withSections(text: string, bodyOf: (name: string) => string): string {
  return text.replace(sectionPattern, (_, name: string) => `<!-- generated: ${name} -->\n${bodyOf(name)}<!-- end -->`);
}

/** Fenced code of one language. */
export function codeBlocks(text: string, language: string): readonly string[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, tag, code = ""]) =>
    tag === language ? [code] : [],
  );
}
