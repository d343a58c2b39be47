import { randomBytes } from "node:crypto";
import { base64urlOf, limits } from "@bulla/wire";
import type { Clock } from "../clock.ts";

/** Nonces for signed requests: random, single use, short-lived, in memory only. When too many wait, the oldest go first. */
export class Nonces {
  readonly #clock: Clock;
  readonly #max: number;
  readonly #expiries = new Map<string, number>();

  constructor(clock: Clock, max: number) {
    this.#clock = clock;
    this.#max = max;
  }

  issue(): string {
    const nonce = base64urlOf(randomBytes(limits.nonceBytes));
    this.#expiries.set(nonce, this.#clock.now() + limits.nonceSeconds * 1000);
    this.#forget();
    return nonce;
  }

  /** Uses the nonce up. @returns whether it was ours, unused and fresh */
  spend(nonce: string): boolean {
    const expiry = this.#expiries.get(nonce);
    return this.#expiries.delete(nonce) && expiry !== undefined && expiry >= this.#clock.now();
  }

  // The map keeps the order of issue, so the first ones are the oldest.
  #forget(): void {
    const now = this.#clock.now();
    for (const [nonce, expiry] of this.#expiries) {
      if (expiry >= now && this.#expiries.size <= this.#max) return;
      this.#expiries.delete(nonce);
    }
  }
}
