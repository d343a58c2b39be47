import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chanceOf } from "../../kill/chance.ts";
import { cutDevices } from "./device-round.ts";
import { cutService } from "./service-round.ts";

// The program in the sandbox: one line of JSON per cut. Arguments: a folder for disks, whose they are, number of cuts, seed, and what to cut off when it is not the built program.
const cutsPerRound = 20;
const [folder = "", whose, cuts = "", seed = "", program] = process.argv.slice(2);
const cut = whose === "service" ? cutService : cutDevices;
for (let left = Number(cuts), round = 0; left > 0; left -= cutsPerRound, round++) {
  const at = join(folder, String(round));
  mkdirSync(at);
  const done = await cut(at, chanceOf(`${seed}/${round}`), Math.min(left, cutsPerRound), program);
  for (const one of done) process.stdout.write(`${JSON.stringify(one)}\n`);
  rmSync(at, { recursive: true });
}
process.exit(0);
