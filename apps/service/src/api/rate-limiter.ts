import { BullaError } from "@bulla/wire";
import type { Clock } from "../clock.ts";
import type { Rate } from "../service-limits.ts";

interface Bucket {
  tokens: number;
  at: number;
}

/** Token buckets by key, in memory only. When there are too many keys, the ones that were quiet longest are forgotten. */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(clock: Clock, maxKeys = 50_000) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  /** Takes one token of `key`.
   *  @throws BullaError service/rate-limited */
  take(key: string, { burst, perMinute }: Rate): void {
    const now = this.#clock.now();
    const before = this.#buckets.get(key) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, before.tokens + (Math.max(0, now - before.at) * perMinute) / 60_000);
    // Deleting first moves the key to the end of the map's order.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    if (tokens < 1)
      throw new BullaError("service/rate-limited", "too many requests", { hint: "wait a minute, then try again" });
    const oldest = this.#buckets.keys().next();
    if (this.#buckets.size > this.#maxKeys && oldest.done !== true) this.#buckets.delete(oldest.value);
  }
}

/** The part of an address that one person has: all of IPv4, the first 64 bits of IPv6. */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const plain = address.replace(/^::ffff:(?=\d+\.)/, "");
  return plain.includes(":") ? expandIpv6(plain).slice(0, 4).join(":") : plain;
}

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (/^(::ffff:)?127\./.test(address) || address === "::1");
}

function expandIpv6(address: string): readonly string[] {
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  return [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0"), ...right];
}
