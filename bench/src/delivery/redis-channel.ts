import { once } from "node:events";
import type { Socket } from "node:net";
import { Daemon, freePort, listensOn } from "../programs/daemon.ts";
import type { Workplace } from "../run/workplace.ts";
import { Arrivals, type DeliveryChannel } from "./channel.ts";
import { openSocket } from "./sockets.ts";

export const redis = "Redis, appendfsync always";

/** A Redis stream: XADD, and readers that block in XREAD. Redis syncs its log before it answers anybody. */
export async function startRedis(place: Workplace): Promise<(subscribers: number) => Promise<DeliveryChannel>> {
  const port = await freePort();
  const settings = ["--bind", "127.0.0.1", "--dir", place.folder, "--appendonly", "yes", "--appendfsync", "always"];
  const command = ["redis-server", "--port", String(port), ...settings, "--save", "", "--daemonize", "no"];
  place.keep(await Daemon.start(command, () => listensOn(port), { cwd: place.folder }));
  return async (subscribers) => {
    const stream = `records-${subscribers}`;
    const arrivals = new Arrivals(subscribers);
    for (let i = 0; i < subscribers; i++) readStream(await openSocket(place, port), stream, () => arrivals.count());
    const writer = await openSocket(place, port);
    return {
      name: redis,
      deliver: async (record) => {
        const arrived = arrivals.expect();
        const acknowledged = once(writer, "data");
        writer.write(request("XADD", stream, "*", "body", Buffer.from(record)));
        await Promise.all([acknowledged, arrived]);
      },
    };
  };
}

/** Read for good, each time from the last id on. */
function readStream(socket: Socket, stream: string, onRecord: () => void): void {
  const ask = (last: string): void => void socket.write(request("XREAD", "BLOCK", "0", "STREAMS", stream, last));
  let pending = Buffer.alloc(0);
  socket.on("data", (piece) => {
    pending = Buffer.concat([pending, piece]);
    // *1 *2 $NAME *1 *2 $ID *2 $4 body $LENGTH ...: one record, because each is awaited before the next is sent.
    const text = pending.toString("latin1");
    const id = /\r\n\$\d+\r\n(\d+-\d+)\r\n/.exec(text)?.[1];
    const body = /\r\nbody\r\n\$(\d+)\r\n/.exec(text);
    if (id === undefined || body === null) return;
    const end = body.index + body[0].length + Number(body[1]) + 2;
    if (pending.length < end) return;
    pending = pending.subarray(end);
    onRecord();
    ask(id);
  });
  ask("0");
}

/** A command in Redis' own encoding (RESP). */
function request(...words: readonly (string | Uint8Array)[]): Buffer {
  const parts = words.flatMap((word) => [Buffer.from(`$${Buffer.byteLength(word)}\r\n`), Buffer.from(word), crlf]);
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...parts]);
}

const crlf = Buffer.from("\r\n");
