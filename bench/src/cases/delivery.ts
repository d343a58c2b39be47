import { randomBytes } from "node:crypto";
import { openBullaStreams } from "../delivery/bulla-channel.ts";
import type { DeliveryChannel } from "../delivery/channel.ts";
import { openPhysics, physics } from "../delivery/physics-channel.ts";
import { redis, startRedis } from "../delivery/redis-channel.ts";
import { BullaService } from "../programs/bulla.ts";
import { isHere, peers } from "../programs/peers.ts";
import { quantile } from "../report/statistics.ts";
import { noSlowerThan } from "../report/targets.ts";
import type { Contender } from "../run/interleave.ts";
import type { BenchCase } from "./bench-case.ts";

const recordBytes = 1024;
const recordsPerRound = 50;

/** One durable record to many subscribers. */
export const delivery: BenchCase = {
  id: "deliver",
  title: "One durable 1 KiB record to its subscribers",
  unit: "subscribers",
  plans: {
    tiny: { amounts: [1, 3], rounds: 1 },
    small: { amounts: [1, 10, 100], rounds: 4 },
    full: { amounts: [1, 10, 100], rounds: 20 },
  },
  peers: [peers.redis],
  notes: [
    `From the append to the moment when it is acknowledged and the last subscriber has it. Each round sends ${recordsPerRound} records, one after the other; \`p50\` and \`p95\` are over the records of a round, and the table shows the middle round.`,
    "`bulla` is the real service and the real client's connection, which decodes and checks what comes. The peers' readers only count bytes. All readers share one process, so with a hundred of them their own work shows.",
    `\`${physics}\` is what no service can beat here: write, fdatasync, pass on.`,
  ],
  open: async (place) => {
    const service = place.keep(await BullaService.start(place.path("service")));
    const streams = await openBullaStreams(place, service.url);
    const openChannels = [(subscribers: number): Promise<DeliveryChannel> => streams.channel(subscribers)];
    openChannels.push(await openPhysics(place, recordBytes));
    if (isHere(peers.redis)) openChannels.push(await startRedis(place));
    return {
      contenders: async (amount) => Promise.all(openChannels.map(async (open) => delivering(await open(amount)))),
      closing: (amount) => [{ what: "bulla serve", amount, peakBytes: service.peakBytes }],
    };
  },
  targets: (figures) => noSlowerThan(figures, "p50", redis, `delivery takes no longer than ${redis}`),
};

function delivering(channel: DeliveryChannel): Contender {
  const { name } = channel;
  return {
    name,
    run: async () => {
      const seconds: number[] = [];
      for (let i = 0; i < recordsPerRound; i++) {
        const record = randomBytes(recordBytes);
        const started = performance.now();
        await channel.deliver(record);
        seconds.push((performance.now() - started) / 1000);
      }
      return [
        { operation: "p50", contender: name, sample: { seconds: quantile(seconds, 0.5) } },
        { operation: "p95", contender: name, sample: { seconds: quantile(seconds, 0.95) } },
      ];
    },
  };
}
