import { type CreatedKeyPackage, createKeyPackage } from "@bulla/core";
import { decode, encode } from "@bulla/wire/encoding";
import type { StoreTransaction } from "../ports.ts";
import type { ServiceClient } from "../service/service-client.ts";
import { type Account, today } from "./account.ts";
import { places } from "./places.ts";
import { storedKeyPackageCodec } from "./stored.ts";

const poolSize = 24;
const lowWater = 8;
const lastResortDays = 7;
/** KeyPackages live 90 days; after that nobody can come in by them. */
const privateDays = 120;

/** Keep enough KeyPackages at the service, and a last-resort one that is not older than a week. Private parts are stored before public ones leave.
 *  Nothing happens while this device and the service are of different opinions about the day. */
export async function stockKeyPackages(account: Account, client: ServiceClient): Promise<void> {
  const { remaining, lastResortDay } = await client.poolState();
  const day = today(account);
  const needsLastResort = lastResortDay === null || day - lastResortDay >= lastResortDays;
  const missing = remaining < lowWater ? poolSize - remaining : 0;
  if (missing === 0 && !needsLastResort) return;
  // One of the clocks is wrong: what is made now would be refused, and what is destroyed now may still be needed.
  if (Math.abs((await client.about()).day - day) > 1) return;
  const made: { readonly created: CreatedKeyPackage; readonly lastResort: boolean }[] = [];
  const make = async (lastResort: boolean): Promise<void> => {
    made.push({ created: await createKeyPackage(account.primitives, account.me, account.secrets, day), lastResort });
  };
  for (let i = 0; i < missing; i++) await make(false);
  if (needsLastResort) await make(true);
  await account.store.step(async (transaction) => {
    await forgetOldPackages(transaction, day);
    for (const { created, lastResort } of made) {
      const stored = encode(storedKeyPackageCodec, {
        version: 1,
        privatePackage: created.privatePackage,
        lastResort,
        day,
      });
      await transaction.put(places.keyPackage(created.reference), stored);
    }
  });
  await client.uploadKeyPackages({
    keyPackages: made.filter(({ lastResort }) => !lastResort).map(({ created }) => created.publicPackage),
    lastResort: made.find(({ lastResort }) => lastResort)?.created.publicPackage ?? null,
  });
}

async function forgetOldPackages(transaction: StoreTransaction, day: number): Promise<void> {
  for (const { key, value } of await transaction.list(places.keyPackages)) {
    if (decode(storedKeyPackageCodec, value, { maxBytes: 65536 }).day + privateDays < day)
      await transaction.delete(key);
  }
}
