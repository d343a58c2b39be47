import { vectorFolder } from "@bulla/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserTests, nodeOnlyTests, pageTests } from "./browser-tests.ts";
import { hasChromium } from "./chromium.ts";
import type { FileOutcome } from "./inside/run-file.fixture.ts";
import { checkOutcome, openTestBrowser, type TestPlace } from "./test-browser.fixture.ts";

// The tests of the packages are run once more, by Chromium's engine and on the primitives of a browser, and reported one by one.

interface Place {
  readonly file: string;
  readonly place: TestPlace;
}

if (!hasChromium()) {
  test.skipIf(process.env["CI"] !== "true")("SKIPPED: Chromium is not installed (apt-get install chromium)", () =>
    expect.unreachable("Chromium is missing"),
  );
} else {
  const files = browserTests();
  const folder = vectorFolder();
  const browser = await openTestBrowser(files, {
    vectors: folder.kind === "found" ? folder.path : undefined,
    // One run of each of the two properties that build whole spaces: Node does many.
    env: { RUNS: "1" },
  });
  const { nodeImports } = browser.bundle;
  const runnable = files.filter((file) => nodeImports.get(file)?.length === 0);
  const places: readonly Place[] = [
    ...runnable.map((file): Place => ({ file, place: "worker" })),
    ...pageTests.map((file): Place => ({ file, place: "page" })),
  ];
  const listed = new Map<string, FileOutcome>();
  for (const file of runnable) listed.set(file, await browser.list(file));
  const outcomes = new Map<Place, Promise<FileOutcome>>();

  beforeAll(() => {
    // Two at a time; whoever waits for one of them gets it when its turn has come.
    const lanes = [Promise.resolve(), Promise.resolve()];
    for (const [i, place] of places.entries()) {
      const before = lanes[i % 2] ?? Promise.resolve();
      const outcome = before.then(() => browser.run(place.file, place.place));
      outcomes.set(place, outcome);
      lanes[i % 2] = outcome.then(
        () => undefined,
        () => undefined,
      );
    }
  });
  afterAll(() => browser[Symbol.asyncDispose]());

  test("what does not run in a browser is what is known not to, and nothing else", () => {
    const left = files.filter((file) => !runnable.includes(file));
    expect(left).toEqual(Object.keys(nodeOnlyTests));
    expect(pageTests.filter((file) => !runnable.includes(file))).toEqual([]);
  });

  for (const place of places) {
    describe(`in a ${place.place} of Chromium: ${place.file}`, () => {
      const { tests, problems } = listed.get(place.file) ?? { tests: [], problems: ["it was not listed"] };

      test("the file loads, and nothing fails outside of its tests", async () => {
        expect(problems).toEqual([]);
        expect(tests).not.toEqual([]);
        expect((await outcomes.get(place))?.problems).toEqual([]);
      });

      for (const [index, { name }] of tests.entries()) {
        test(name, async (context) => {
          const outcome = (await outcomes.get(place))?.tests[index];
          checkOutcome(outcome, name);
          if (outcome?.state === "skipped") context.skip("it is skipped there too");
        });
      }
    });
  }
}
