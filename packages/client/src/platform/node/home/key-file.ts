import { readFile } from "node:fs/promises";
import type { Argon2Parameters, Primitives } from "@bulla/core";
import { BullaError, concatBytes, isBullaError, labelBytes, utf8 } from "@bulla/wire";
import { bytes, type CodecValue, decode, encode, struct, uint, variant, version } from "@bulla/wire/encoding";
import type { StoreKey } from "../../../store/sealed-store.ts";
import { readError, systemCode } from "../files/file-errors.ts";
import { writePrivateFile } from "./private-files.ts";

export const keyFile = "store.key";

export type KeyFilePrimitives = Pick<Primitives, "random" | "argon2id" | "sealAes256Gcm" | "openAes256Gcm">;

/** RFC 9106 parameters; memory in KiB. */
export type PassphraseCost = Omit<Argon2Parameters, "length">;

/** What a new passphrase lock costs, and the least that is accepted when one is opened: a changed file must not make guessing cheap. */
const newCost: PassphraseCost = { memoryKib: 64 * 1024, passes: 3, lanes: 1 };
const floor = { memoryKib: 19 * 1024, passes: 2 };
const ceiling = { memoryKib: 4 * 1024 * 1024, passes: 64, lanes: 16 };

const plainShape = struct({ key: bytes(32) });
const costShape = struct({
  memoryKib: uint(ceiling.memoryKib),
  passes: uint(ceiling.passes),
  lanes: uint(ceiling.lanes),
  salt: bytes(32),
});
const wrappedShape = struct({ cost: costShape, sealed: bytes(32 + 16) });
const fileShape = struct({
  version: version(1),
  content: variant({ plain: [1, plainShape], wrapped: [2, wrappedShape] }),
});
type KeyFile = CodecValue<typeof fileShape>;

/** Make a new store key and keep it at the path, mode 0600; under Argon2id and AES-256-GCM when there is a passphrase. */
export async function createKeyFile(
  path: string,
  passphrase: string | undefined,
  primitives: KeyFilePrimitives,
  cost: PassphraseCost = newCost,
): Promise<StoreKey> {
  const key = asStoreKey(primitives.random(32));
  const content =
    passphrase === undefined
      ? { kind: "plain" as const, key }
      : { kind: "wrapped" as const, ...(await wrapKey(key, passphrase, primitives, cost)) };
  await writePrivateFile(path, encode(fileShape, { version: 1, content }));
  return key;
}

/** @returns undefined when there is no key file
 *  @throws BullaError store/wrong-passphrase – wrong, missing, or changed bytes: one answer; store/kdf-floor, store/corrupt, store/unsupported-version */
export async function openKeyFile(
  path: string,
  passphrase: string | undefined,
  primitives: KeyFilePrimitives,
): Promise<StoreKey | undefined> {
  const file = await readKeyFile(path);
  if (file === undefined) return undefined;
  const { content } = file;
  return content.kind === "plain" ? asStoreKey(content.key.slice()) : unwrapKey(content, passphrase, primitives);
}

/** Whether a passphrase is needed to open it. */
export async function isKeyWrapped(path: string): Promise<boolean> {
  return (await readKeyFile(path))?.content.kind === "wrapped";
}

async function wrapKey(
  key: StoreKey,
  passphrase: string,
  primitives: KeyFilePrimitives,
  parameters: PassphraseCost,
): Promise<CodecValue<typeof wrappedShape>> {
  const cost = { ...parameters, salt: primitives.random(32) };
  const wrappingKey = await stretch(passphrase, cost, primitives);
  return { cost, sealed: await primitives.sealAes256Gcm(wrappingKey, zeroNonce, costData(cost), key) };
}

async function unwrapKey(
  { cost, sealed }: CodecValue<typeof wrappedShape>,
  passphrase: string | undefined,
  primitives: KeyFilePrimitives,
): Promise<StoreKey> {
  if (cost.memoryKib < floor.memoryKib || cost.passes < floor.passes || cost.lanes < 1) {
    throw new BullaError(
      "store/kdf-floor",
      `the passphrase lock costs ${cost.memoryKib} KiB and ${cost.passes} passes, the least accepted is ${floor.memoryKib} and ${floor.passes}`,
      {
        hint: "somebody may have changed the key file: restore the device's folder from a backup",
      },
    );
  }
  const key =
    passphrase === undefined
      ? undefined
      : await primitives.openAes256Gcm(await stretch(passphrase, cost, primitives), zeroNonce, costData(cost), sealed);
  if (key === undefined)
    throw new BullaError("store/wrong-passphrase", "this device is locked with another passphrase", {
      hint: "type the passphrase that was set with `bulla init`",
    });
  return asStoreKey(key);
}

// Each wrapping key comes from a fresh salt and seals once, so the nonce may be zero.
const zeroNonce = new Uint8Array(12);

function costData(cost: CodecValue<typeof costShape>): Uint8Array {
  return concatBytes(labelBytes("storeKey"), encode(costShape, cost));
}

/** Passphrases are compared in NFC, RFC 8265 §4.2. */
function stretch(
  passphrase: string,
  { memoryKib, passes, lanes, salt }: CodecValue<typeof costShape>,
  primitives: KeyFilePrimitives,
): Promise<Uint8Array> {
  return primitives.argon2id(utf8(passphrase.normalize("NFC")), salt, { memoryKib, passes, lanes, length: 32 });
}

async function readKeyFile(path: string): Promise<KeyFile | undefined> {
  try {
    return decode(fileShape, await readFile(path), { maxBytes: 1024 });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    if (isBullaError(error, "wire/unsupported-version"))
      throw new BullaError("store/unsupported-version", "the key file has another version than 1", {
        hint: "update bulla, then try again",
      });
    if (isBullaError(error))
      throw new BullaError("store/corrupt", "the key file is damaged", {
        hint: "restore the device's folder from a backup",
      });
    throw readError(error);
  }
}

function asStoreKey(bytes: Uint8Array): StoreKey {
  return bytes as StoreKey;
}
