import { Daemon, freePort, listensOn } from "../programs/daemon.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure, together } from "../programs/program.ts";
import type { Workplace } from "../run/workplace.ts";
import type { Carrier } from "./carrier.ts";

/** magic-wormhole with a mailbox server and a transit relay on loopback. Both people have to be there at the same time. */
export async function startWormholeCarrier(place: Workplace): Promise<readonly Carrier[]> {
  if (!isHere(peers.wormhole) || !isHere(peers.twist)) return [];
  const env = { HOME: place.folder, LC_ALL: "C.UTF-8" };
  const cwd = place.folder;
  const [mailbox, transit] = [await freePort(), await freePort()];
  const server = (plugin: string, port: number): Promise<Daemon> =>
    Daemon.start(["twist3", plugin, `--port=tcp:${port}:interface=127.0.0.1`], () => listensOn(port), { env, cwd });
  place.keep(await server("wormhole-mailbox", mailbox));
  place.keep(await server("transitrelay", transit));
  const wormhole = ["wormhole", "--relay-url", `ws://127.0.0.1:${mailbox}/v1`];
  const command = [...wormhole, "--transit-helper", `tcp:127.0.0.1:${transit}`];
  let nameplate = 0;
  return [
    {
      name: "magic-wormhole",
      syncs: false,
      carry: async (load, target) => {
        const code = `${++nameplate}-bench-mark`;
        const started = performance.now();
        const used = await Promise.all([
          measure([...command, "send", "--hide-progress", "--code", code, load.path], { env, cwd }),
          measure([...command, "receive", "--hide-progress", "--accept-file", "-o", target, code], { env, cwd }),
        ]);
        const seconds = (performance.now() - started) / 1000;
        return { kind: "direct", both: { ...together(...used), seconds } };
      },
    },
  ];
}
