// Blob throughput of Chromium as one line of JSON. Arguments: mebibytes (256), workers (1).
import { measureBlobThroughput } from "./blob-throughput.ts";

const [mebibytes = "256", workers = "1"] = process.argv.slice(2);
const run = { mebibytes: Number(mebibytes), workers: Number(workers) };
if (!Number.isInteger(run.mebibytes) || !Number.isInteger(run.workers) || run.mebibytes < 1 || run.workers < 1)
  throw new Error("expected whole numbers: mebibytes, workers");
const { sealMBs, openMBs } = await measureBlobThroughput(run);
process.stdout.write(`${JSON.stringify({ ...run, sealMBs: Math.round(sealMBs), openMBs: Math.round(openMBs) })}\n`);
