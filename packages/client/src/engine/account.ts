import { type DeviceSecrets, decodeDeviceSecrets, type MemberDevice, type Primitives } from "@bulla/core";
import { BullaError, dayOf, type Handle, splitHandle } from "@bulla/wire";
import type { Clock, Store } from "../ports.ts";
import type { AccountSigner } from "../service/exchange.ts";
import { places } from "./places.ts";

/** What every part of the engine works with: who this device is, and what the platform brings. */
export interface Account {
  readonly handle: Handle;
  readonly host: string;
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
  readonly store: Store;
  readonly primitives: Primitives;
  readonly clock: Clock;
  readonly signer: AccountSigner;
}

/** Load the device's secrets from its store.
 *  @throws BullaError store/corrupt */
export async function openAccount(
  handle: Handle,
  store: Store,
  primitives: Primitives,
  clock: Clock,
): Promise<Account> {
  const stored = await store.get(places.secrets);
  if (stored === undefined)
    throw new BullaError("store/corrupt", "this device's keys are gone", {
      hint: "restore the device's folder from a backup",
    });
  return accountOf(handle, decodeDeviceSecrets(stored), store, primitives, clock);
}

export function accountOf(
  handle: Handle,
  secrets: DeviceSecrets,
  store: Store,
  primitives: Primitives,
  clock: Clock,
): Account {
  const { name, host } = splitHandle(handle);
  const { deviceId, requestSeed } = secrets;
  const signer: AccountSigner = { name, deviceId, sign: (message) => primitives.signEd25519(requestSeed, message) };
  return { handle, host, me: { handle, deviceId }, secrets, store, primitives, clock, signer };
}

/** Today in UTC days. */
export function today({ clock }: Pick<Account, "clock">): number {
  return dayOf(clock.now());
}
