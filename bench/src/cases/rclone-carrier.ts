import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon, freePort, listensOn } from "../programs/daemon.ts";
import { isHere, peers } from "../programs/peers.ts";
import { measure, runQuietly, together } from "../programs/program.ts";
import type { Workplace } from "../run/workplace.ts";
import { type Carrier, timedSync } from "./carrier.ts";

/** rclone with a crypt remote on `rclone serve webdav`: sealed before it leaves, under a key that both sides have. */
export async function startRcloneCarrier(place: Workplace): Promise<readonly Carrier[]> {
  if (!isHere(peers.rclone)) return [];
  const port = await freePort();
  const served = place.path("rclone-served");
  mkdirSync(served);
  const config = place.path("rclone.conf");
  const password = runQuietly(["rclone", "obscure", "bench"]).trim();
  const lines = [
    "[server]",
    "type = webdav",
    `url = http://127.0.0.1:${port}`,
    "vendor = other",
    "[crypt]",
    "type = crypt",
    "remote = server:",
    `password = ${password}`,
  ];
  writeFileSync(config, `${lines.join("\n")}\n`, { mode: 0o600 });
  const env = { HOME: place.folder };
  const rclone = ["rclone", "--config", config];
  const serving = [...rclone, "serve", "webdav", "--addr", `127.0.0.1:${port}`, served];
  place.keep(await Daemon.start(serving, () => listensOn(port), { env }));
  // A name of its own for each copy: the server remembers for minutes what it had, and rclone does not send it again.
  let copies = 0;
  return [
    {
      name: "rclone crypt up, sync, down",
      syncs: false,
      carry: async (load, target) => {
        const copy = `crypt:copy-${++copies}`;
        const up = await measure([...rclone, "copyto", load.path, copy], { env });
        const [name] = readdirSync(served);
        if (name === undefined) throw new Error("rclone stored nothing");
        const serverCopy = join(served, name);
        const sync = timedSync(load, serverCopy);
        const down = await measure([...rclone, "copyto", copy, target], { env });
        return { kind: "stored", up: together(up, sync), down, serverCopy };
      },
    },
  ];
}
