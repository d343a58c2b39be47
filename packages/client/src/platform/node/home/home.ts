import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Primitives } from "@bulla/core";
import { BullaError, equalBytes } from "@bulla/wire";
import type { Store } from "../../../ports.ts";
import { createSealedStore, type StoreKey } from "../../../store/sealed-store.ts";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { openSqliteStore, type SqliteStore } from "../store/sqlite-store.ts";
import { type DeviceCard, decodeCard, readCardBytes } from "./device-card.ts";
import { isKeyWrapped, keyFile, openKeyFile } from "./key-file.ts";

/** One device's folder, open. Several processes may have it open at once; steps of its store are alone among all of them. */
export interface Home extends AsyncDisposable {
  readonly folder: string;
  readonly card: DeviceCard;
  /** Sealed under the store key. */
  readonly store: Store;
  readonly storeKey: StoreKey;
  readonly primitives: Primitives;
  /** What other people of this machine could read. */
  readonly warnings: readonly HomeWarning[];
}

export interface HomeWarning {
  readonly what: "folder" | "key" | "store";
  /** Permission bits, such as 0o644. */
  readonly mode: number;
}

export interface HomeOptions {
  readonly passphrase?: string | undefined;
  readonly primitives?: Primitives;
  /** How long one step waits for other processes before store/locked. */
  readonly lockWaitMilliseconds?: number;
}

export const storeFile = "store.db";
/** The sealed copy of the card: what the readable one must equal. */
export const cardPlace = "home/card";

/** @throws BullaError store/missing, store/wrong-passphrase, store/kdf-floor, store/corrupt (also when the card was changed), store/unsupported-version, store/locked */
export async function openHome(folder: string, options: HomeOptions = {}): Promise<Home> {
  const cardBytes = await readCardBytes(folder);
  const card = decodeCard(cardBytes);
  const primitives = options.primitives ?? createNodePrimitives();
  const storeKey = await openKeyFile(join(folder, keyFile), options.passphrase, primitives);
  if (storeKey === undefined || (await modeOf(join(folder, storeFile))) === undefined) {
    throw new BullaError("store/corrupt", "this device's folder is not whole: its key or its store is gone", {
      hint: "restore the device's folder from a backup",
    });
  }
  const inner = await openSqliteStore(join(folder, storeFile), storeOptions(options));
  const store = createSealedStore(inner, storeKey, primitives);
  try {
    const sealedCard = await store.get(cardPlace);
    if (sealedCard === undefined || !equalBytes(sealedCard, cardBytes)) {
      throw new BullaError("store/corrupt", "device.json is not what was written when this device was made", {
        hint: "restore the device's folder from a backup",
      });
    }
    return {
      folder,
      card,
      store,
      storeKey,
      primitives,
      warnings: await findWarnings(folder),
      [Symbol.asyncDispose]: () => closeHome(inner, storeKey),
    };
  } catch (error) {
    await closeHome(inner, storeKey);
    throw error;
  }
}

/** Whether opening the home takes a passphrase. @throws BullaError store/missing, store/corrupt, store/unsupported-version */
export async function homeNeedsPassphrase(folder: string): Promise<boolean> {
  await readCardBytes(folder);
  return isKeyWrapped(join(folder, keyFile));
}

/** Closes the store and overwrites the key. */
export async function closeHome(inner: SqliteStore, storeKey: StoreKey): Promise<void> {
  await inner[Symbol.asyncDispose]();
  storeKey.fill(0);
}

export function storeOptions({ lockWaitMilliseconds }: HomeOptions): { readonly lockWaitMilliseconds?: number } {
  return lockWaitMilliseconds === undefined ? {} : { lockWaitMilliseconds };
}

async function findWarnings(folder: string): Promise<readonly HomeWarning[]> {
  const parts = [
    ["folder", folder],
    ["key", join(folder, keyFile)],
    ["store", join(folder, storeFile)],
  ] as const;
  const found: HomeWarning[] = [];
  for (const [what, path] of parts) {
    const mode = await modeOf(path);
    if (mode !== undefined && (mode & 0o077) !== 0) found.push({ what, mode });
  }
  return found;
}

async function modeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : found.mode & 0o777;
}
