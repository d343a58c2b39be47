import { BullaError } from "@bulla/wire";
import type { Clock } from "../ports.ts";

/** Without them a request waits until it is answered, however long the service is away. */
export interface StreamRequestOptions {
  /** Rejects with its reason. */
  readonly signal?: AbortSignal;
  /** Rejects with `transport/unreachable`. */
  readonly timeoutMilliseconds?: number;
}

/** Wait for an answer, but no longer than asked. `abandon` makes `answer` reject with the reason it gets. Leaves no timer. */
export async function waitWithin<T>(
  clock: Clock,
  answer: Promise<T>,
  abandon: (reason: unknown) => void,
  { signal, timeoutMilliseconds }: StreamRequestOptions,
): Promise<T> {
  if (signal === undefined && timeoutMilliseconds === undefined) return answer;
  const answered = new AbortController();
  const onAbort = (): void => abandon(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted === true) onAbort();
  if (timeoutMilliseconds !== undefined) {
    const hint = "check the network, and that the service is running";
    clock.sleep(timeoutMilliseconds, answered.signal).then(
      () => abandon(new BullaError("transport/unreachable", "service did not answer in time", { hint })),
      () => undefined,
    );
  }
  try {
    return await answer;
  } finally {
    answered.abort();
    signal?.removeEventListener("abort", onAbort);
  }
}
