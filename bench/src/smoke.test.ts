import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { allCases } from "./cases/all-cases.ts";
import { isHere, peers } from "./programs/peers.ts";
import { measuredSection, publishedRun, sectionOf } from "./report/page.ts";
import { renderReport } from "./report/render.ts";
import { runCases } from "./run/run-cases.ts";

const missing: readonly string[] = Object.values(peers)
  .filter((peer) => !isHere(peer))
  .map(({ binary }) => binary);
const isStrict = process.env["CI"] === "true";

test("every case runs, and each figure in its table is from a run", async (context) => {
  if (!isHere(peers.time) && !isStrict) context.skip("GNU time is not here: apt-get install time");
  const told: string[] = [];
  // Without asking for packages: the bench itself does that.
  const report = await runCases(allCases, {
    size: "tiny",
    folder: tmpdir(),
    profile: false,
    install: false,
    tell: (line) => told.push(line),
  });
  expect(report.cases.map(({ id }) => id)).toEqual(["start", "seal", "blob", "send", "files", "deliver"]);
  for (const { id, figures, targets, notes } of report.cases) {
    const { amounts, rounds } = allCases.find((one) => one.id === id)?.plans.tiny ?? expect.unreachable();
    expect(new Set(figures.map(({ amount }) => amount))).toEqual(new Set(amounts));
    expect(figures.some(({ contender }) => contender === "bulla")).toBe(true);
    for (const { samples } of figures) {
      expect(samples).toHaveLength(rounds);
      for (const { seconds, cpuSeconds = 0, peakBytes = 1 } of samples) {
        expect(seconds).toBeGreaterThan(0);
        expect(cpuSeconds).toBeGreaterThanOrEqual(0);
        expect(peakBytes).toBeGreaterThan(0);
      }
    }
    for (const { measured } of targets) expect(measured).toBeGreaterThan(0);
    const peersOfCase = allCases.find((one) => one.id === id)?.peers ?? [];
    for (const { binary } of peersOfCase)
      expect(notes.some((note) => note.includes(`Left out: \`${binary}\``))).toBe(missing.includes(binary));
    for (const amount of amounts) expect(told.some((line) => line.startsWith(`${id}: ${amount}, round 1`))).toBe(true);
  }
  const page = renderReport(report);
  for (const { title, targets } of report.cases) {
    expect(page).toContain(title);
    for (const { sentence } of targets) expect(page).toContain(sentence);
  }
});

for (const { binary, debianPackage } of Object.values(peers).filter((peer) => !isHere(peer)))
  test(`the bench compares with ${binary}`, (context) =>
    context.skip(`${binary} is not here: apt-get install ${debianPackage}, or npm run bench as root`));

test("the figures in docs/performance.md are those of the run that lies beside it", () => {
  expect(measuredSection()).toBe(sectionOf(publishedRun()));
});
