import type { Primitives } from "@bulla/core";
import { BullaError, concatBytes, InternalError, labelBytes, utf8 } from "@bulla/wire";
import type { Store, StoreEntry, StoreTransaction } from "../ports.ts";

/** 32 random bytes that seal everything a device keeps. Never leaves the device. */
export type StoreKey = Uint8Array & { readonly storeKey: unique symbol };

export type SealedStorePrimitives = Pick<Primitives, "random" | "hkdfSha256" | "sealAes256Gcm" | "openAes256Gcm">;

const saltBytes = 32;
const zeroNonce = new Uint8Array(12);

/** A store whose values are sealed under the store key: 32-byte salt ‖ AES-256-GCM under HKDF-SHA-256(store key, salt), nonce zero because each key seals once.
 *  The associated data is the value's place, so a value moved to another place is refused. Places themselves stay readable, and an older value put back in its own
 *  place is not noticed here: that is for the hash chains inside the values.
 *  Every method throws, beside what the inner store throws, BullaError store/corrupt – wrong key, wrong place or changed bytes, not told apart */
export function createSealedStore(inner: Store, storeKey: StoreKey, primitives: SealedStorePrimitives): Store {
  if (storeKey.length !== 32) throw new InternalError(`store key is ${storeKey.length} bytes, expected 32`);

  const seal = async (place: string, value: Uint8Array): Promise<Uint8Array> => {
    const salt = primitives.random(saltBytes);
    return concatBytes(salt, await primitives.sealAes256Gcm(valueKey(salt), zeroNonce, placeData(place), value));
  };
  const open = async (place: string, sealed: Uint8Array): Promise<Uint8Array> => {
    const salt = sealed.subarray(0, saltBytes);
    const value = await primitives.openAes256Gcm(
      valueKey(salt),
      zeroNonce,
      placeData(place),
      sealed.subarray(saltBytes),
    );
    if (value === undefined)
      throw new BullaError("store/corrupt", "a value in the device's store does not open", { hint: corruptHint });
    return value;
  };
  const valueKey = (salt: Uint8Array): Uint8Array =>
    primitives.hkdfSha256(storeKey, salt, labelBytes("storeValue"), 32);

  const reader = (from: Pick<Store, "get" | "list">): Pick<Store, "get" | "list"> => ({
    async get(key) {
      const sealed = await from.get(key);
      return sealed === undefined ? undefined : open(key, sealed);
    },
    async list(prefix) {
      const entries: StoreEntry[] = [];
      for (const { key, value } of await from.list(prefix)) entries.push({ key, value: await open(key, value) });
      return entries;
    },
  });
  const sealedTransaction = (transaction: StoreTransaction): StoreTransaction => ({
    ...reader(transaction),
    put: async (key, value) => transaction.put(key, await seal(key, value)),
    delete: (key) => transaction.delete(key),
  });

  return {
    ...reader(inner),
    step: (work) => inner.step((transaction) => work(sealedTransaction(transaction))),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

const corruptHint =
  "restore the device's folder from a backup, or revoke this device from another one and set it up anew";

function placeData(place: string): Uint8Array {
  return concatBytes(labelBytes("storeValue"), utf8(place));
}
