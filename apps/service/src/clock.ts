import { dayOf } from "@bulla/wire";

/** Milliseconds since 1970-01-01 UTC. Tests bring their own. */
export interface Clock {
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** Today's UTC day: the only time the service stores. */
export function today(clock: Clock): number {
  return dayOf(clock.now());
}
