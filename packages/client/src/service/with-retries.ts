import type { Random } from "@bulla/core";
import { type ErrorCode, isBullaError } from "@bulla/wire";
import type { Clock } from "../ports.ts";

export interface RetryOptions {
  /** Attempts in all. Default 5. */
  readonly attempts?: number;
  /** Wait after the first failure; doubles each time. Default 250 ms, at most 30 seconds. */
  readonly firstWaitMilliseconds?: number;
  readonly maxWaitMilliseconds?: number;
  readonly signal?: AbortSignal;
}

/** Run something that may be repeated, until it succeeds, fails for a reason that does not pass, or the attempts are used up. */
export async function withRetries<T>(
  clock: Clock,
  random: Random,
  operation: () => Promise<T>,
  options: RetryOptions = {},
): Promise<T> {
  const attempts = options.attempts ?? 5;
  for (let failures = 0; ; ) {
    try {
      return await operation();
    } catch (error) {
      failures++;
      if (failures >= attempts || !passes(error)) throw error;
      await clock.sleep(
        backoffMilliseconds(
          random,
          failures,
          options.firstWaitMilliseconds ?? 250,
          options.maxWaitMilliseconds ?? 30_000,
        ),
        options.signal,
      );
    }
  }
}

/** Exponential, and a random part of at most half of it, so that clients of a restarted service do not come back in step. */
export function backoffMilliseconds(random: Random, failures: number, first: number, max: number): number {
  const full = Math.min(max, first * 2 ** Math.min(failures - 1, 30));
  const [byte = 0] = random(1);
  return Math.round((full / 2) * (1 + byte / 255));
}

const passing: readonly ErrorCode[] = ["transport/unreachable", "service/unavailable", "service/rate-limited"];

/** Whether the cause of a failure may pass by itself. */
export function passes(error: unknown): boolean {
  return isBullaError(error) && passing.includes(error.code);
}
