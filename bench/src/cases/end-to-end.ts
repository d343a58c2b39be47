import { makeFile } from "../programs/input-files.ts";
import { peers } from "../programs/peers.ts";
import type { Figure, Held, Target } from "../report/figures.ts";
import { memoryBelow, noSlowerThan, ourPeaks } from "../report/targets.ts";
import type { BenchCase } from "./bench-case.ts";
import { type BullaCarrier, startBullaCarrier } from "./bulla-carrier.ts";
import { carrying } from "./carrier.ts";
import { startRcloneCarrier } from "./rclone-carrier.ts";
import { startSshCarriers } from "./ssh-carriers.ts";
import { startWormholeCarrier } from "./wormhole-carrier.ts";

const mebibyte = 1024 * 1024;
const scp = "scp up, sync, scp down";

/** One file from one person to another over loopback. */
export const endToEnd: BenchCase = {
  id: "send",
  title: "One file end to end over loopback",
  unit: "MiB",
  plans: {
    tiny: { amounts: [1, 2], rounds: 1 },
    small: { amounts: [8, 32, 128], rounds: 2 },
    full: { amounts: [64, 256, 1024], rounds: 3 },
  },
  peers: [peers.ssh, peers.sshd, peers.rclone, peers.wormhole, peers.twist],
  notes: [
    "`up` is `bulla send`, `down` is `bulla receive`. Sender, service and recipient share the cores and the disk of one machine, as do the peers' two sides.",
    "`bulla` has sealed end to end, stored at the service, and synced both the service's copy and the recipient's. With `scp` the server reads everything. `rclone crypt` needs a key that both sides have. `magic-wormhole` stores nothing: both people have to be there.",
    "Peak memory is that of the command; that of the service is a line of its own.",
  ],
  open: async (place) => {
    const bulla = await startBullaCarrier(place);
    const ssh = (await startSshCarriers(place)).filter(({ name }) => name === scp);
    const carriers = [bulla, ...ssh, ...(await startRcloneCarrier(place)), ...(await startWormholeCarrier(place))];
    const load = { path: place.path("load"), isFolder: false };
    return {
      contenders: async (amount) => {
        makeFile(load.path, amount * mebibyte);
        return carriers.map((carrier) => carrying(carrier, load, place));
      },
      runOurs: async (amount, env) => {
        makeFile(load.path, amount * mebibyte);
        await bulla.carryWith(load, place.path("profiled"), env);
      },
      closing: (amount) => serviceMemory(bulla, amount),
    };
  },
  targets: (figures, held) => transferTargets(figures, held, scp),
};

export function serviceMemory({ servicePeakBytes }: BullaCarrier, amount: number): readonly Held[] {
  return [{ what: "bulla serve", amount, peakBytes: servicePeakBytes }];
}

export function transferTargets(figures: readonly Figure[], held: readonly Held[], peer: string): readonly Target[] {
  return [
    ...noSlowerThan(
      figures,
      "up and down",
      peer,
      `\`bulla send\` and \`bulla receive\` take no longer than \`${peer}\``,
    ),
    ...memoryBelow(ourPeaks(figures, "up"), 200, "`bulla send` stays under 200 MB"),
    ...memoryBelow(ourPeaks(figures, "down"), 200, "`bulla receive` stays under 200 MB"),
    ...memoryBelow(
      held.map(({ peakBytes }) => peakBytes),
      200,
      "`bulla serve` stays under 200 MB",
    ),
  ];
}
