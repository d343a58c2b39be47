import type { Clock } from "../../../ports.ts";

/** The machine's clock. A sleep keeps the process alive until it is over or aborted; an aborted sleep rejects with the signal's reason. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener("abort", aborted, { once: true });
      function done(): void {
        signal?.removeEventListener("abort", aborted);
        resolve();
      }
      function aborted(): void {
        clearTimeout(timer);
        reject(signal?.reason);
      }
    });
  },
};
