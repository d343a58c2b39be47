import { bundleForBrowser } from "./bundle.ts";
import { launchChromium, openPage } from "./chromium.ts";
import type { BlobRun, BlobSpeed } from "./inside/blob-page.ts";
import { servePage } from "./page-server.ts";

const folder = "e2e/src/browser/inside";

/** How fast Chromium seals and opens blobs in dedicated workers, hashing of the chunks included. Starts a browser of its own. */
export async function measureBlobThroughput(run: BlobRun): Promise<BlobSpeed> {
  const { files } = await bundleForBrowser([`${folder}/blob-page.ts`, `${folder}/blob-worker.ts`]);
  await using server = await servePage({ files, entry: `bundle/${folder}/blob-page.js` });
  await using browser = await launchChromium();
  const page = await openPage(browser, server.url, "measureBlobs");
  return await page.evaluate(
    (wanted) => (globalThis as unknown as { measureBlobs(run: BlobRun): Promise<BlobSpeed> }).measureBlobs(wanted),
    run,
  );
}
