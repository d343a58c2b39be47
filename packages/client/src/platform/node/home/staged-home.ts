import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Primitives } from "@bulla/core";
import { BullaError, type Handle, hexOf, InternalError, splitHandle, utf8 } from "@bulla/wire";
import type { Store } from "../../../ports.ts";
import { createSealedStore, type StoreKey } from "../../../store/sealed-store.ts";
import { createNodePrimitives } from "../crypto/primitives.ts";
import { systemCode, writeError } from "../files/file-errors.ts";
import { openSqliteStore, type SqliteStore } from "../store/sqlite-store.ts";
import { cardFile, type DeviceCard, encodeCard } from "./device-card.ts";
import { cardPlace, closeHome, type Home, type HomeOptions, openHome, storeFile, storeOptions } from "./home.ts";
import { type HeldLock, lockFile } from "./home-lock.ts";
import { createKeyFile, keyFile, openKeyFile } from "./key-file.ts";
import { makePrivateFolder, syncFolder, writePrivateFile } from "./private-files.ts";

export interface HomeOwner {
  readonly handle: Handle;
  readonly service: string;
}

/** What becomes known while a device is made. */
export interface NewDevice {
  readonly deviceId: string;
  readonly deviceName: string;
  readonly createdDay: number;
  readonly createFingerprint: string;
}

/** A home being made: keys can be kept in its store, but nothing stands under the final name yet. */
export interface StagedHome extends AsyncDisposable {
  /** Whether an earlier attempt, killed before its end, left this one: its store may hold keys that the service knows already. */
  readonly resumed: boolean;
  readonly store: Store;
  /** Give the home its name, durably, and open it there. The staged home is used up. @throws BullaError store/exists */
  commit(device: NewDevice): Promise<Home>;
  /** Take it away with its keys: nobody knows them, and nobody ever will. */
  discard(): Promise<void>;
}

/** Begin or go on with making a home. It lies beside the final folder under a name that depends on the owner, so a killed `init` can be repeated and finds its keys again;
 *  disposing without commit leaves it there for the same reason.
 *  @throws BullaError store/exists, store/locked – another process makes the same home, store/wrong-passphrase – the earlier attempt used another one */
export async function prepareHome(folder: string, owner: HomeOwner, options: HomeOptions = {}): Promise<StagedHome> {
  const target = resolve(folder);
  await assertFree(target);
  const primitives = options.primitives ?? createNodePrimitives();
  const staging = stagingFolder(target, owner, primitives);
  await makePrivateFolder(staging);
  await makePrivateFolder(join(staging, "locks"));
  await makePrivateFolder(join(staging, "spool"));
  // The service may know these keys before commit: a power cut must not take them.
  await syncFolder(dirname(staging));
  const lock = await lockFile(join(staging, "locks", initLock));
  if (lock === undefined) {
    throw new BullaError("store/locked", "another process is setting up this device", {
      hint: "wait for it to end, then run this again",
    });
  }
  try {
    await assertFree(target);
    const found = await openKeyFile(join(staging, keyFile), options.passphrase, primitives);
    const storeKey = found ?? (await createKeyFile(join(staging, keyFile), options.passphrase, primitives));
    const inner = await openSqliteStore(join(staging, storeFile), storeOptions(options));
    return stagedHome({
      target,
      staging,
      owner,
      options: { ...options, primitives },
      primitives,
      lock,
      inner,
      storeKey,
      resumed: found !== undefined,
    });
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

const initLock = "init.lock";

interface Staging {
  readonly target: string;
  readonly staging: string;
  readonly owner: HomeOwner;
  readonly options: HomeOptions;
  readonly primitives: Primitives;
  readonly lock: HeldLock;
  readonly inner: SqliteStore;
  readonly storeKey: StoreKey;
  readonly resumed: boolean;
}

function stagedHome({
  target,
  staging,
  owner,
  options,
  primitives,
  lock,
  inner,
  storeKey,
  resumed,
}: Staging): StagedHome {
  const store = createSealedStore(inner, storeKey, primitives);
  let usedUp = false;
  // The lock is held over the rename, or a second process could begin with a folder that is about to move.
  const close = async (lastAct: () => Promise<void> = async () => undefined): Promise<void> => {
    if (usedUp) return;
    usedUp = true;
    try {
      await closeHome(inner, storeKey);
      await lastAct();
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  };
  return {
    resumed,
    store,
    async commit(device) {
      if (usedUp) throw new InternalError("a staged home was used after its end");
      const card: DeviceCard = { ...owner, host: splitHandle(owner.handle).host, ...device };
      await store.step((step) => step.put(cardPlace, encodeCard(card)));
      await writePrivateFile(join(staging, cardFile), encodeCard(card));
      await assertFree(target);
      await close(() => moveInto(staging, target));
      await rm(join(target, "locks", initLock), { force: true });
      return openHome(target, options);
    },
    discard: () => close(() => rm(staging, { recursive: true, force: true })),
    [Symbol.asyncDispose]: () => close(),
  };
}

async function moveInto(staging: string, target: string): Promise<void> {
  try {
    await syncFolder(staging);
    // rename(2) takes the place of an empty folder and refuses any other.
    await rename(staging, target);
    await syncFolder(dirname(target));
  } catch (error) {
    const code = systemCode(error);
    throw code === "ENOTEMPTY" || code === "EEXIST" || code === "ENOTDIR" ? alreadyThere() : writeError(error);
  }
}

async function assertFree(target: string): Promise<void> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isDirectory() || (await readdir(target)).length > 0) throw alreadyThere();
}

function alreadyThere(): BullaError {
  return new BullaError("store/exists", "that folder is in use already", {
    hint: "use the device that is there, or choose another folder with BULLA_HOME",
  });
}

function stagingFolder(target: string, { handle, service }: HomeOwner, primitives: Primitives): string {
  const name = hexOf(primitives.sha256(utf8(`${handle}\n${service}`)).subarray(0, 8));
  return join(dirname(target), `.${basename(target)}.init-${name}`);
}
