import { type CaseReport, type Figure, isMet, type Machine, ours, type Report, type Target } from "./figures.ts";
import { median, medianOf, peakOf, ratioOf, secondsOf } from "./statistics.ts";

/** The report as Markdown: targets first, then a table for each case, then how each grows. */
export function renderReport({ day, size, machine, cases }: Report): string {
  return [
    `Measured on ${day}, size \`${size}\`, on this machine:\n\n${machineLines(machine)}`,
    "### Targets",
    targetTable(cases),
    ...cases.flatMap(renderCase),
  ]
    .filter((part) => part !== "")
    .join("\n\n");
}

function machineLines({ cpu, cores, memoryBytes, kernel, node, fileSystem, programs }: Machine): string {
  return [
    `- ${cores} cores of ${cpu}, ${(memoryBytes / 2 ** 30).toFixed(0)} GiB of memory, ${fileSystem}`,
    `- ${kernel}, Node.js ${node}`,
    `- ${programs.join(", ")}`,
  ].join("\n");
}

function targetTable(cases: readonly CaseReport[]): string {
  const rows = cases.flatMap(({ id, targets }) =>
    targets.map((target) => [
      id,
      target.sentence,
      measuredText(target),
      boundText(target),
      isMet(target) ? "met" : "**missed**",
    ]),
  );
  return rows.length === 0 ? "None in this run." : table(["case", "target", "measured", "wanted", "result"], rows);
}

function measuredText({ measured, unit }: Target): string {
  if (unit === "times") return `${measured.toFixed(2)} times its time`;
  return `${measured.toFixed(0)} ${unit}`;
}

function boundText({ bound, unit }: Target): string {
  const value = unit === "times" ? bound.value.toFixed(2) : `${bound.value} ${unit}`;
  return `${bound.kind === "atMost" ? "at most" : "at least"} ${value}`;
}

function renderCase({ id, title, unit, figures, held, notes, profile }: CaseReport): readonly string[] {
  const amounts = [...new Set(figures.map(({ amount }) => amount))].toSorted((a, b) => a - b);
  const largest = amounts.at(-1);
  const last = figures.filter(({ amount }) => amount === largest);
  return [
    `### ${title} (\`${id}\`)`,
    notes.map((note) => `- ${note}`).join("\n"),
    largest === undefined ? "" : figureTable(last, amounts.length > 1 ? `at ${amountText(largest, unit)}` : "what"),
    amounts.length > 1 ? growthTable(figures, amounts, unit) : "",
    held
      .filter(({ amount }) => amount === largest)
      .map(({ what, peakBytes }) => `Peak memory of \`${what}\` by the end: ${megabytes(peakBytes)}.`)
      .join("\n"),
    ...profile,
  ];
}

function figureTable(figures: readonly Figure[], head: string): string {
  const rows = figures.map((figure) => {
    const seconds = secondsOf(figure);
    const cpu = medianOf(figure, ({ cpuSeconds }) => cpuSeconds);
    const peak = peakOf(figure);
    return [
      figure.operation,
      figure.contender,
      time(median(seconds)),
      seconds.length > 1 ? `${time(Math.min(...seconds))} – ${time(Math.max(...seconds))}` : "",
      cpu === undefined ? "" : time(cpu),
      peak === undefined ? "" : megabytes(peak),
      ratioText(figures, figure),
    ];
  });
  return table([head, "", "median", "range", "CPU", "peak memory", "`bulla` takes"], sorted(rows));
}

/** Operations together, in the order in which they were met. */
function sorted(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const order = [...new Set(rows.map(([operation]) => operation))];
  return rows.toSorted(
    (a, b) => order.indexOf(a[0]) - order.indexOf(b[0]) || Number(b[1] === ours) - Number(a[1] === ours),
  );
}

function ratioText(figures: readonly Figure[], figure: Figure): string {
  const mine = figures.find(({ operation, contender }) => operation === figure.operation && contender === ours);
  if (mine === undefined || mine === figure) return "";
  return `${ratioOf(mine, figure).toFixed(2)} ×`;
}

/** Time for each unit at each amount: it stays or falls where the cost grows no faster than the amount. */
function growthTable(figures: readonly Figure[], amounts: readonly number[], unit: string): string {
  const keys = new Map(
    figures.map(({ operation, contender }) => [`${operation}\n${contender}`, { operation, contender }]),
  );
  const rows = [...keys.values()].map(({ operation, contender }) => [
    operation,
    contender,
    ...amounts.map((amount) => {
      const figure = figures.find(
        (one) => one.operation === operation && one.contender === contender && one.amount === amount,
      );
      return figure === undefined ? "" : time(median(secondsOf(figure)) / amount);
    }),
  ]);
  return table(
    [`time per ${singular(unit)}`, "", ...amounts.map((amount) => `of ${amountText(amount, unit)}`)],
    sorted(rows),
  );
}

function amountText(amount: number, unit: string): string {
  return `${amount.toLocaleString("en-US")} ${amount === 1 ? singular(unit) : unit}`;
}

function singular(unit: string): string {
  return unit.replace(/s$/, "");
}

function time(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  if (seconds >= 0.001) return `${(seconds * 1000).toFixed(seconds >= 0.1 ? 0 : 1)} ms`;
  return `${(seconds * 1e6).toFixed(0)} µs`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** Columns are as wide as their widest cell. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((cells) => (cells[i] ?? "").length)));
  const line = (cells: readonly string[], fill = " "): string =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width, fill)).join(" | ")} |`;
  return [line(head), line([], "-"), ...rows.map((cells) => line(cells))].join("\n");
}
