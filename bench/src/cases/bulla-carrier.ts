import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { BullaDevice, BullaService } from "../programs/bulla.ts";
import { makeFile } from "../programs/input-files.ts";
import { ours } from "../report/figures.ts";
import type { Workplace } from "../run/workplace.ts";
import type { Carrier, Load } from "./carrier.ts";

export interface BullaCarrier extends Carrier {
  /** The service's memory so far. */
  readonly servicePeakBytes: number;
  /** Once more, with these variables in the environment of both commands. */
  carryWith(load: Load, target: string, env: Readonly<Record<string, string>>): ReturnType<Carrier["carry"]>;
}

/** `bulla send` by Alice, `bulla receive` by Bob, a real service between them. Everything is synced before it is acknowledged. */
export async function startBullaCarrier(place: Workplace): Promise<BullaCarrier> {
  const service = place.keep(await BullaService.start(place.path("service")));
  const alice = BullaDevice.create(place, "alice", service);
  const bob = BullaDevice.create(place, "bob", service);
  const carryWith: BullaCarrier["carryWith"] = async ({ path }, target, env) => {
    const inbox = place.path("inbox");
    const up = await alice.run(["send", path, "--to", bob.name], env);
    const down = await bob.run(["receive", "--out", inbox], env);
    const [only, ...more] = readdirSync(inbox);
    if (only !== basename(path) || more.length > 0) throw new Error("bulla received something else than was sent");
    renameSync(join(inbox, only), target);
    rmSync(inbox, { recursive: true });
    return { kind: "stored", up, down, serverCopy: null };
  };
  // They meet before the first measurement.
  const greeting = place.path("greeting");
  makeFile(greeting, 1);
  await carryWith({ path: greeting, isFolder: false }, place.path("greeted"), {});
  if (statSync(place.path("greeted")).size !== 1) throw new Error("the greeting did not arrive");
  return {
    name: ours,
    syncs: true,
    carry: (load, target) => carryWith(load, target, {}),
    carryWith,
    get servicePeakBytes() {
      return service.peakBytes;
    },
  };
}
