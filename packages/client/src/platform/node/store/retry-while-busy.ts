import { setTimeout as sleep } from "node:timers/promises";
import { isBusy } from "./sqlite-errors.ts";

export interface BusyWait {
  readonly limitMilliseconds: number;
  readonly signal?: AbortSignal | undefined;
  /** What to throw when the limit has passed. */
  readonly giveUp: () => Error;
}

const shortestSleep = 1;
const longestSleep = 8;

/** Repeat `attempt` while another connection holds the lock, asleep in between so that this process goes on with other work.
 *  Sleeps are short and uneven, so that two processes do not meet again and again. @throws the signal's reason when aborted */
export async function retryWhileBusy<T>(attempt: () => T, { limitMilliseconds, signal, giveUp }: BusyWait): Promise<T> {
  const start = performance.now();
  for (let longest = shortestSleep; ; longest = Math.min(longest * 2, longestSleep)) {
    signal?.throwIfAborted();
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    if (performance.now() - start >= limitMilliseconds) throw giveUp();
    try {
      await sleep(shortestSleep + Math.random() * longest, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  }
}
