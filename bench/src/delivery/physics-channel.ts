import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Daemon } from "../programs/daemon.ts";
import type { Workplace } from "../run/workplace.ts";
import { Arrivals, type DeliveryChannel } from "./channel.ts";
import { openSocket } from "./sockets.ts";

export const physics = "fdatasync and raw TCP";
const server = fileURLToPath(new URL("./physics-server.ts", import.meta.url));
const port = /^port (\d+)$/m;

/** The least that durable delivery can be on this machine. */
export async function openPhysics(
  place: Workplace,
  recordBytes: number,
): Promise<(subscribers: number) => Promise<DeliveryChannel>> {
  return async (subscribers) => {
    const command = [process.execPath, server, place.path(`physics-${subscribers}`), String(recordBytes)];
    const daemon = place.keep(await Daemon.start(command, ({ said }) => port.test(said)));
    const number = Number(port.exec(daemon.said)?.[1]);
    const arrivals = new Arrivals(subscribers);
    for (let i = 0; i < subscribers; i++) {
      const reader = await openSocket(place, number);
      reader.write("r");
      await once(reader, "data");
      let bytes = 0;
      reader.on("data", (piece) => {
        bytes += piece.length;
        for (; bytes >= recordBytes; bytes -= recordBytes) arrivals.count();
      });
    }
    const writer = await openSocket(place, number);
    writer.write("w");
    await once(writer, "data");
    return {
      name: physics,
      deliver: async (record) => {
        const arrived = arrivals.expect();
        const acknowledged = once(writer, "data");
        writer.write(record);
        await Promise.all([acknowledged, arrived]);
      },
    };
  };
}
