import type { KeyObject } from "node:crypto";
import { digest } from "./hash.ts";

export interface KeyCacheOptions {
  readonly maxKeys: number;
  /** After this long without a use, everything is forgotten. */
  readonly idleMilliseconds: number;
}

/** Imported keys by their raw bytes, because importing costs more than signing with them.
 *  The least recently used key leaves first. Entries are named by a hash, so the cache makes no further copy of a secret,
 *  and all of them are dropped when the cache has been idle, so no secret key stays in memory only because it was used once. */
export class KeyCache {
  readonly #import: (raw: Uint8Array) => KeyObject;
  readonly #options: KeyCacheOptions;
  readonly #keys: Map<string, KeyObject> = new Map();
  #idle: NodeJS.Timeout | undefined;

  constructor(importKey: (raw: Uint8Array) => KeyObject, options: KeyCacheOptions) {
    this.#import = importKey;
    this.#options = options;
  }

  get size(): number {
    return this.#keys.size;
  }

  /** @throws whatever importing throws; a key that cannot be imported is not remembered */
  get(raw: Uint8Array): KeyObject {
    const name = String.fromCharCode(...digest("sha256", raw));
    const key = this.#keys.get(name) ?? this.#import(raw);
    this.#keys.delete(name);
    this.#keys.set(name, key);
    const [oldest] = this.#keys.keys();
    if (this.#keys.size > this.#options.maxKeys && oldest !== undefined) this.#keys.delete(oldest);
    this.#restartIdle();
    return key;
  }

  #restartIdle(): void {
    if (this.#idle !== undefined) {
      this.#idle.refresh();
      return;
    }
    this.#idle = setTimeout(() => {
      this.#keys.clear();
      this.#idle = undefined;
    }, this.#options.idleMilliseconds);
    this.#idle.unref();
  }
}
