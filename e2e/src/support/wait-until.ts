import { setTimeout as sleep } from "node:timers/promises";

/** Look again until there is an answer.
 *  @throws Error naming what did not come within the time */
export async function waitUntil<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  withinMilliseconds = 60_000,
): Promise<T> {
  const deadline = performance.now() + withinMilliseconds;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${withinMilliseconds} ms`);
    await sleep(20);
  }
}
