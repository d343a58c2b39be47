import type { Plugin } from "esbuild";
import type { Page } from "playwright-core";
import { type Bundle, bundleForBrowser } from "./bundle.ts";
import { launchChromium, openPage } from "./chromium.ts";
import type { Offered } from "./inside/page.fixture.ts";
import type { FileOutcome, TestOutcome } from "./inside/run-file.fixture.ts";
import { servePage } from "./page-server.ts";

export type TestPlace = "page" | "worker";

export interface TestBrowserOptions {
  /** The folder of official vectors. */
  readonly vectors?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly plugins?: readonly Plugin[];
}

/** Chromium with files of tests in it, bundled for it. */
export interface TestBrowser extends AsyncDisposable {
  readonly bundle: Bundle;
  /** Which tests a file has; none of them runs. */
  list(file: string): Promise<FileOutcome>;
  run(file: string, place: TestPlace): Promise<FileOutcome>;
}

const folder = "e2e/src/browser/inside";

/** @param files of tests, as paths from the project's root */
export async function openTestBrowser(
  files: readonly string[],
  { vectors, env = {}, plugins = [] }: TestBrowserOptions,
): Promise<TestBrowser> {
  const bundle = await bundleForBrowser([...files, `${folder}/page.fixture.ts`, `${folder}/worker.fixture.ts`], {
    env: { ...env, ...(vectors === undefined ? {} : { BULLA_VECTORS: "/vectors" }) },
    plugins,
  });
  const server = await servePage({ files: bundle.files, entry: `bundle/${folder}/page.fixture.js`, vectors });
  const browser = await launchChromium();
  const page = await openPage(browser, server.url, "offered").catch(async (error: unknown) => {
    await close();
    throw error;
  });
  let inPage: Promise<unknown> = Promise.resolve();
  // The runner keeps what it collects in one place per page, so files take turns there. Every worker has a runner of its own.
  const afterOthers = (what: "list" | "runInPage", file: string): Promise<FileOutcome> => {
    const turn = inPage.then(() => ask(page, what, file));
    inPage = turn.catch(() => undefined);
    return turn;
  };
  return {
    bundle,
    list: (file) => afterOthers("list", file),
    run: (file, place) => (place === "page" ? afterOthers("runInPage", file) : ask(page, "runInWorker", file)),
    [Symbol.asyncDispose]: close,
  };

  async function close(): Promise<void> {
    await browser.close();
    await server[Symbol.asyncDispose]();
  }
}

function ask(page: Page, what: keyof Offered, file: string): Promise<FileOutcome> {
  return page.evaluate(([name, path]) => (globalThis as unknown as { readonly offered: Offered }).offered[name](path), [
    what,
    `/bundle/${file.replace(/\.ts$/, ".js")}`,
  ] as const);
}

/** @throws Error when the test did not run or did not pass, with what the browser said */
export function checkOutcome(outcome: TestOutcome | undefined, name: string): void {
  if (outcome === undefined || outcome.name !== name) throw new Error("the test did not run");
  if (outcome.state === "failed") throw new Error(outcome.problems.join("\n") || "it failed without a word");
}
