export interface KeyCacheOptions {
  readonly maxKeys: number;
  /** After this long without a use, everything is forgotten. */
  readonly idleMilliseconds: number;
  /** A name that tells nothing about the key: a hash. */
  readonly nameOf: (raw: Uint8Array) => Uint8Array;
}

/** Imported keys by their raw bytes, because importing costs more than signing with them.
 *  The least recently used key leaves first. Entries are named by a hash, so the cache makes no further copy of a secret,
 *  and all of them are dropped when the cache has been idle, so no secret key stays in memory only because it was used once. */
export class KeyCache<Key> {
  readonly #import: (raw: Uint8Array) => Key;
  readonly #options: KeyCacheOptions;
  readonly #keys: Map<string, Key> = new Map();
  #lastUse = 0;
  #isWaiting = false;

  constructor(importKey: (raw: Uint8Array) => Key, options: KeyCacheOptions) {
    this.#import = importKey;
    this.#options = options;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** @throws whatever importing throws; a key that cannot be imported is not remembered */
  get(raw: Uint8Array): Key {
    const name = String.fromCharCode(...this.#options.nameOf(raw));
    const key = this.#keys.get(name) ?? this.#import(raw);
    this.#keys.delete(name);
    this.#keys.set(name, key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > this.#options.maxKeys && oldest !== undefined) this.#keys.delete(oldest);
    this.#lastUse = performance.now();
    if (!this.#isWaiting) this.#forgetAfter(this.#options.idleMilliseconds);
    return key;
  }

  #forgetAfter(milliseconds: number): void {
    this.#isWaiting = true;
    const timer: unknown = setTimeout(() => {
      this.#isWaiting = false;
      const left = this.#lastUse + this.#options.idleMilliseconds - performance.now();
      if (left > 0) this.#forgetAfter(left);
      else this.#keys.clear();
    }, milliseconds);
    if (holdsTheProcess(timer)) timer.unref();
  }
}

// Node's timers hold a process open unless told otherwise; a browser's are numbers.
function holdsTheProcess(timer: unknown): timer is { unref(): void } {
  return typeof timer === "object" && timer !== null && "unref" in timer;
}
