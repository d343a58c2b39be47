import { accessSync, constants } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

/** Where Debian's package puts it. BULLA_CHROMIUM names another. */
const program = process.env["BULLA_CHROMIUM"] ?? "/usr/bin/chromium";

export function hasChromium(): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The system's Chromium without a window, with a profile of its own that is gone afterwards, and no traffic of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Open a page and wait until its module has put `name` into the global scope.
 *  @throws Error with what the page complained about */
export async function openPage(browser: Browser, url: string, name: string): Promise<Page> {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(url);
  try {
    await page.waitForFunction((wanted) => wanted in globalThis, name, { timeout: 30_000 });
  } catch (cause) {
    throw new Error(`the page did not start: ${complaints.join("; ")}`, { cause });
  }
  return page;
}
