import { createHash, randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { BullaError, bytesOfHex, concatBytes, hexOf, InternalError } from "@bulla/wire";

const keyBytes = 32;
const saltBytes = 16;

/** One random key per expiry day, in a small file of their own. What expires is stored masked under the key of its day; when the day has passed the key is destroyed, and with it
 *  every copy. SQLite's `secure_delete` alone does not do that: when it splits a page, cells that move to the neighbour stay behind in the unused part of the old one, and deleting
 *  the row later does not find them (measured: 2 of 1,000 bodies). This is not what keeps contents secret; bodies come sealed. */
export class DayKeys {
  readonly #file: string;
  #keys: ReadonlyMap<number, Uint8Array>;

  /** @throws BullaError store/corrupt – the file is damaged; file/unwritable – it cannot be read */
  constructor(file: string) {
    this.#file = file;
    this.#keys = existsSync(file) ? readKeys(file) : new Map<number, Uint8Array>();
  }

  /** Masks bytes so that they can be read until the day's key is destroyed. The key of a new day is durable before this returns.
   *  @throws BullaError service/unavailable – it cannot be written; nothing is masked with it then */
  mask(day: number, bytes: Uint8Array): Uint8Array {
    let key = this.#keys.get(day);
    if (key === undefined) {
      key = new Uint8Array(randomBytes(keyBytes));
      this.#save(new Map([...this.#keys, [day, key]]));
    }
    const salt = new Uint8Array(randomBytes(saltBytes));
    return concatBytes(salt, exclusiveOr(bytes, maskOf(key, salt, bytes.length)));
  }

  unmask(day: number, masked: Uint8Array): Uint8Array {
    const key = this.#keys.get(day);
    if (key === undefined) throw new InternalError("the key of a day that has not passed is gone");
    const bytes = masked.subarray(saltBytes);
    return exclusiveOr(bytes, maskOf(key, masked.subarray(0, saltBytes), bytes.length));
  }

  /** Destroys the keys of all days before that one.
   *  @throws BullaError service/unavailable – the file cannot be written; they are all there then */
  forgetBefore(day: number): void {
    const left = [...this.#keys].filter(([known]) => known >= day);
    if (left.length < this.#keys.size) this.#save(new Map(left));
  }

  // What is on the disk is what is in memory: a key that only memory has would mask what nobody can read after a restart.
  #save(keys: ReadonlyMap<number, Uint8Array>): void {
    try {
      writeDurably(this.#file, keys);
    } catch (cause) {
      throw new BullaError("service/unavailable", "the service cannot store anything at the moment", { cause });
    }
    this.#keys = keys;
  }
}

function writeDurably(file: string, keys: ReadonlyMap<number, Uint8Array>): void {
  const lines = [...keys].sort(([a], [b]) => a - b).map(([day, key]) => `${day} ${hexOf(key)}\n`);
  const temporary = `${file}.new`;
  writeFileSync(temporary, lines.join(""), { mode: 0o600, flush: true });
  renameSync(temporary, file);
  const folder = openSync(dirname(file), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function maskOf(key: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  return createHash("shake256", { outputLength: length }).update(key).update(salt).digest();
}

function exclusiveOr(bytes: Uint8Array, mask: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = (bytes[i] ?? 0) ^ (mask[i] ?? 0);
  return out;
}

function readKeys(file: string): Map<number, Uint8Array> {
  const keys = new Map<number, Uint8Array>();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new BullaError("file/unwritable", "data folder cannot be read", {
      cause,
      hint: "choose a folder that you may read and write with --data",
    });
  }
  for (const line of text.split("\n").slice(0, -1)) {
    const [day = "", hex = ""] = line.split(" ");
    const key = bytesOfHex(hex);
    if (!/^\d+$/.test(day) || key?.length !== keyBytes)
      throw new BullaError("store/corrupt", "the keys of days in the data folder are damaged", {
        hint: "restore the data folder from a backup",
      });
    keys.set(Number(day), key);
  }
  return keys;
}
