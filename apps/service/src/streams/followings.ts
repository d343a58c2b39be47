import { hexOf } from "@bulla/wire";
import type { StreamRead } from "../storage/stream-store.ts";
import type { StreamHub } from "./stream-hub.ts";

/** What is pushed at once. Whoever is told the same gets the same object. */
export interface Push {
  readonly sid: Uint8Array;
  readonly from: number;
  readonly records: StreamRead["records"];
  /** The stream is closed and this reaches its end. */
  readonly closed: boolean;
}

const pushes = new WeakMap<StreamRead, Push>();

interface Following {
  readonly sid: Uint8Array;
  cursor: number;
  toldClosed: boolean;
  readonly stop: () => void;
}

/** What one connection follows: a cursor per stream, and the streams that rang since they were last read. Records stay in the store until the reader can take them,
 *  so a slow reader costs a cursor, not memory. */
export class Followings {
  readonly #hub: StreamHub;
  readonly #wake: () => void;
  readonly #followings = new Map<string, Following>();
  readonly #rang = new Set<string>();

  /** `wake` is called when there may be something to push. */
  constructor(hub: StreamHub, wake: () => void) {
    this.#hub = hub;
    this.#wake = wake;
  }

  /** From that position on; following again moves the cursor. */
  follow(sid: Uint8Array, from: number): void {
    this.unfollow(sid);
    const key = hexOf(sid);
    const ring = (): void => {
      this.#rang.add(key);
      this.#wake();
    };
    // A copy: the frame's bytes must not be kept alive by 32 of them.
    const own = sid.slice();
    this.#followings.set(key, { sid: own, cursor: from, toldClosed: false, stop: this.#hub.listen(own, ring) });
    // In a later turn, so that the answer to the request goes out first.
    setImmediate(ring);
  }

  unfollow(sid: Uint8Array): void {
    const key = hexOf(sid);
    this.#followings.get(key)?.stop();
    this.#followings.delete(key);
    this.#rang.delete(key);
  }

  /** The next batch of some stream that rang, read now; undefined when all is told. */
  async next(): Promise<Push | undefined> {
    for (const key of this.#rang) {
      this.#rang.delete(key);
      const following = this.#followings.get(key);
      const push = following === undefined ? undefined : await this.#read(following);
      if (push === undefined || this.#followings.get(key) !== following) continue;
      return push;
    }
    return undefined;
  }

  stop(): void {
    for (const { stop } of this.#followings.values()) stop();
    this.#followings.clear();
    this.#rang.clear();
  }

  async #read(following: Following): Promise<Push | undefined> {
    const from = following.cursor;
    const read = await this.#hub.readNext(following.sid, from);
    const { records, length, closed } = read;
    const end = from + records.length;
    const reached = closed && end >= length;
    if (end < length) this.#rang.add(hexOf(following.sid));
    if (records.length === 0 && (!reached || following.toldClosed)) return undefined;
    following.cursor = end;
    following.toldClosed = reached;
    const push = pushes.get(read) ?? { sid: following.sid, from, records, closed: reached };
    pushes.set(read, push);
    return push;
  }
}
