import { rmSync } from "node:fs";
import { makeSmallFiles } from "../programs/input-files.ts";
import { peers } from "../programs/peers.ts";
import { settleDisk } from "../programs/program.ts";
import type { BenchCase } from "./bench-case.ts";
import { startBullaCarrier } from "./bulla-carrier.ts";
import { carrying } from "./carrier.ts";
import { serviceMemory, transferTargets } from "./end-to-end.ts";
import { startSshCarriers } from "./ssh-carriers.ts";

/** A folder of many small files from one person to another over loopback. */
export const smallFiles: BenchCase = {
  id: "files",
  title: "Many small files end to end over loopback",
  unit: "files",
  plans: {
    tiny: { amounts: [20, 40], rounds: 1 },
    small: { amounts: [100, 300, 1000], rounds: 2 },
    full: { amounts: [1000, 3000, 10_000], rounds: 3 },
  },
  peers: [peers.ssh, peers.sshd, peers.tar],
  notes: [
    "Files of 0 to 8 KiB, a hundred to a folder. `bulla` hashes, seals, verifies, syncs and names each file; the peers are also shown with one sync of the whole file system at the end, which is less work than a sync of each file.",
  ],
  open: async (place) => {
    const bulla = await startBullaCarrier(place);
    const carriers = [bulla, ...(await startSshCarriers(place))];
    const load = { path: place.path("load"), isFolder: true };
    const fill = (amount: number): void => {
      rmSync(load.path, { recursive: true, force: true });
      makeSmallFiles(load.path, amount);
      settleDisk();
    };
    return {
      contenders: async (amount) => {
        fill(amount);
        return carriers.map((carrier) => carrying(carrier, load, place));
      },
      runOurs: async (amount, env) => {
        fill(amount);
        await bulla.carryWith(load, place.path("profiled"), env);
      },
      closing: (amount) => serviceMemory(bulla, amount),
    };
  },
  targets: (figures, held) => transferTargets(figures, held, "scp up, sync, scp down"),
};
