import { hostname } from "node:os";
import { decodeDeviceSecrets } from "@bulla/core";
import { BullaError, hexOf, isBullaError, parseHandle, splitHandle } from "@bulla/wire";
import { today } from "../../../engine/account.ts";
import { fingerprintOf } from "../../../engine/chain-shelf.ts";
import { places } from "../../../engine/places.ts";
import { registerAccount } from "../../../engine/register-account.ts";
import { createServiceClient } from "../../../service/service-client.ts";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { type DeviceCard, readDeviceCard } from "../home/device-card.ts";
import { type HomeOwner, prepareHome } from "../home/staged-home.ts";
import { NodeTransport } from "../transport/node-transport.ts";
import { systemClock } from "../transport/system-clock.ts";
import { openClient } from "./open-client.ts";

export interface NewAccount {
  /** The device's folder; must not be in use. */
  readonly home: string;
  /** `name`, or `name@host` where the host is the service's own. */
  readonly handle: string;
  /** URL of the home service. */
  readonly service: string;
  readonly deviceName?: string;
  readonly passphrase?: string;
  readonly hosts?: ReadonlyMap<string, string>;
  readonly signal?: AbortSignal;
}

/** Make an account with this device as its first. A killed attempt is finished by the same call, also one that was killed after its last step.
 *  @throws BullaError store/exists, service/conflict, wire/bad-handle, transport/* */
export async function createAccount({
  home,
  handle: wanted,
  service,
  deviceName,
  passphrase,
  hosts,
  signal,
}: NewAccount): Promise<DeviceCard> {
  const primitives = createNodePrimitives();
  await using transport = new NodeTransport();
  const url = baseUrl(service);
  const { host } = await createServiceClient({ transport, verifier: primitives, url }).about();
  const handle = parseHandle(wanted, host);
  if (splitHandle(handle).host !== host) {
    throw new BullaError("wire/bad-handle", "that service is home to other handles", {
      hint: `its handles end in @${host}`,
    });
  }
  const owner = { handle, service: url };
  const found = await findCard(home);
  // Killed after its last step and before it could say so.
  const isMade = found?.handle === owner.handle && found.service === owner.service;
  const made = isMade ? found : await makeHome(home, owner, { transport, deviceName, passphrase, signal });
  await using client = await openClient({
    home,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(hosts === undefined ? {} : { hosts }),
  });
  await client.resume();
  return made;
}

interface Making {
  readonly transport: NodeTransport;
  readonly deviceName: string | undefined;
  readonly passphrase: string | undefined;
  readonly signal: AbortSignal | undefined;
}

async function makeHome(home: string, owner: HomeOwner, making: Making): Promise<DeviceCard> {
  const { transport, deviceName, passphrase, signal } = making;
  const primitives = createNodePrimitives();
  const clock = systemClock;
  await using staged = await prepareHome(home, owner, { passphrase, primitives });
  const { handle, service: url } = owner;
  const chain = await registerAccount({ handle, store: staged.store, primitives, clock, transport, url }).catch(
    async (error: unknown) => {
      // Somebody else has the name: the keys that were made for it are good for nothing.
      if (isBullaError(error, "service/conflict")) await staged.discard();
      throw error;
    },
  );
  signal?.throwIfAborted();
  const secrets = await staged.store.get(places.secrets);
  if (secrets === undefined) throw new BullaError("store/corrupt", "this device's keys are gone");
  const { deviceId } = decodeDeviceSecrets(secrets);
  const opened = await staged.commit({
    deviceId: hexOf(deviceId),
    deviceName: deviceName ?? hostname(),
    createdDay: today({ clock }),
    createFingerprint: fingerprintOf(chain),
  });
  await using _closing = opened;
  return opened.card;
}

async function findCard(home: string): Promise<DeviceCard | undefined> {
  try {
    return await readDeviceCard(home);
  } catch (error) {
    if (isBullaError(error, "store/missing")) return undefined;
    throw error;
  }
}

function baseUrl(service: string): string {
  const url = URL.parse(service);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:") || url.search !== "" || url.hash !== "") {
    throw new BullaError("cli/usage", "that is not the address of a service", {
      hint: "it looks like https://bulla.example or http://localhost:7400",
    });
  }
  return url.href.replace(/\/+$/, "");
}
