import type { Primitives } from "@bulla/core";
import { BullaError } from "@bulla/wire";
import type { Kem, KemPrivateKey, KemPublicKey } from "./kem.ts";

type MlsHpke = Primitives["mls"]["hpke"];
export type MlsPublicKey = Parameters<MlsHpke["exportPublicKey"]>[0];
export type MlsPrivateKey = Parameters<MlsHpke["exportPrivateKey"]>[0];

/** ts-mls passes HPKE keys around as opaque CryptoKeys. A handle has that shape and no key in it; the key is found only through
 *  the table that made the handle and lives no longer than it. */
export interface KemKeyHandles {
  ofPublic(key: KemPublicKey): MlsPublicKey;
  ofPrivate(key: KemPrivateKey): MlsPrivateKey;
  /** @throws BullaError core/bad-key – a handle of another suite */
  publicKey(handle: MlsPublicKey): KemPublicKey;
  /** @throws BullaError core/bad-key – a handle of another suite */
  privateKey(handle: MlsPrivateKey): KemPrivateKey;
}

export function createKemKeyHandles(kem: Kem): KemKeyHandles {
  const publicKeys = new WeakMap<MlsPublicKey, KemPublicKey>();
  const privateKeys = new WeakMap<MlsPrivateKey, KemPrivateKey>();
  const shape = { algorithm: { name: kem.name }, extractable: true };
  return {
    ofPublic(key): MlsPublicKey {
      const handle: MlsPublicKey = { ...shape, type: "public", usages: [] };
      publicKeys.set(handle, key);
      return handle;
    },
    ofPrivate(key): MlsPrivateKey {
      const handle: MlsPrivateKey = { ...shape, type: "private", usages: ["deriveBits"] };
      privateKeys.set(handle, key);
      return handle;
    },
    publicKey: (handle) => known(publicKeys.get(handle)),
    privateKey: (handle) => known(privateKeys.get(handle)),
  };
}

function known<Key>(key: Key | undefined): Key {
  if (key === undefined) throw new BullaError("core/bad-key", "that key handle belongs to another suite");
  return key;
}
