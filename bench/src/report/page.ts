import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Report } from "./figures.ts";
import { renderReport } from "./render.ts";

const pageFile = fileURLToPath(new URL("../../../docs/performance.md", import.meta.url));
const runFile = fileURLToPath(new URL("../../../docs/performance.json", import.meta.url));
const measured = /(<!-- measured -->\n)[\s\S]*(<!-- end measured -->)/;

/** What stands between the marks of docs/performance.md. */
export function measuredSection(): string {
  return /<!-- measured -->\n([\s\S]*)<!-- end measured -->/.exec(readFileSync(pageFile, "utf8"))?.[1] ?? "";
}

/** The run that the page shows. */
export function publishedRun(): Report {
  return JSON.parse(readFileSync(runFile, "utf8")) as Report;
}

export function sectionOf(report: Report): string {
  return `\n${renderReport(report)}\n\n`;
}

/** Put a run into the page, and its samples beside it. */
export function publish(report: Report): void {
  const page = readFileSync(pageFile, "utf8").replace(
    measured,
    (_, begin: string, end: string) => `${begin}${sectionOf(report)}${end}`,
  );
  writeFileSync(runFile, `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(pageFile, page);
}
