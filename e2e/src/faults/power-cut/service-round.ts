import { join } from "node:path";
import type { Chance } from "../../kill/chance.ts";
import { ServiceProcess } from "../../support/service-process.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { LoopDisk } from "../loop-disk.ts";
import type { Cut } from "./cut.ts";
import { findLosses } from "./find-losses.ts";
import { amountsOf } from "./ledger.ts";
import { Load } from "./load.ts";
import { domain } from "./operations.ts";
import { stopProcess } from "./stop-process.ts";

/** A service on a new disk under load, cut off at random acknowledgements. It goes on after each, because only a copy of its disk was used.
 *  @param program the service to run instead of the built one; what a cut left is always looked at with the built one */
export async function cutService(folder: string, chance: Chance, cuts: number, program?: string): Promise<Cut[]> {
  using disk = LoopDisk.make(join(folder, "disk"), join(folder, "at"), 160);
  const options = { domain, ...(program === undefined ? {} : { program }) };
  await using service = await ServiceProcess.start(join(disk.folder, "data"), options);
  const image = join(folder, "cut");
  const done: Cut[] = [];
  let until = nextCut(chance);
  let isCut = false;
  const load = new Load(service.url, chance, () => {
    until -= 1;
    if (until !== 0) return;
    stopProcess(service.pid);
    disk.copyTo(image);
    isCut = true;
  });
  await load.start();
  while (done.length < cuts) {
    await waitUntil("a cut", () => isCut);
    done.push({ acknowledged: amountsOf(load.ledger), losses: await lossesOf(image, folder, load) });
    isCut = false;
    until = nextCut(chance);
    process.kill(service.pid, "SIGCONT");
  }
  const ended = service.kill("SIGKILL");
  await load.stop();
  await ended;
  return done;
}

async function lossesOf(image: string, folder: string, load: Load): Promise<readonly string[]> {
  using copy = LoopDisk.mount(image, join(folder, "cut-at"));
  // The disk is there until the answer is.
  return await findLosses(join(copy.folder, "data"), load.ledger);
}

function nextCut(chance: Chance): number {
  return Math.ceil(chance.between(1, 150));
}
