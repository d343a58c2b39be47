// npm run bench: measures the product against what people use instead, and says which targets were met.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allCases } from "./cases/all-cases.ts";
import { parseOptions } from "./options.ts";
import { publish } from "./report/page.ts";
import { renderReport } from "./report/render.ts";
import { runCases } from "./run/run-cases.ts";

const results = fileURLToPath(new URL("../results/", import.meta.url));
const { only, json, page, ...options } = parseOptions(
  process.argv.slice(2),
  allCases.map(({ id }) => id),
);
const cases = allCases.filter(({ id }) => only.length === 0 || only.includes(id));
const report = await runCases(cases, { ...options, tell: (line) => process.stderr.write(`bench: ${line}\n`) });
if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
else {
  mkdirSync(results, { recursive: true });
  const file = join(results, `${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`);
  writeFileSync(file, `${JSON.stringify(report, null, 1)}\n`);
  process.stdout.write(`${renderReport(report)}\n`);
  process.stderr.write(`bench: all samples are in ${file}\n`);
}
if (page) publish(report);
