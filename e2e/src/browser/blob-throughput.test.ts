import { expect, test } from "vitest";
import { measureBlobThroughput } from "./blob-throughput.ts";
import { hasChromium } from "./chromium.ts";

test("blobs sealed by workers of Chromium open there again, whole and in order", async ({ skip }) => {
  if (!hasChromium()) skip("Chromium is not installed");
  const { sealMBs, openMBs } = await measureBlobThroughput({ mebibytes: 9, workers: 2 });
  expect(sealMBs).toBeGreaterThan(0);
  expect(openMBs).toBeGreaterThan(0);
});
