import type { FastifyRequest } from "fastify";
import type { ServiceLimits } from "../service-limits.ts";
import type { ApiContext } from "./context.ts";
import { addressKey, isLoopback } from "./rate-limiter.ts";

type AddressLimit = "lookups" | "nonces" | "newAccounts" | "unsignedClaims" | "strangerEnvelopes";

/** Counts one request of that kind against the address it came from.
 *  @throws BullaError service/rate-limited */
export function takeForAddress(
  { rates, limits }: Pick<ApiContext, "rates" | "limits">,
  request: FastifyRequest,
  kind: AddressLimit,
): void {
  rates.take(`${kind} ${addressKey(request.ip)}`, rateFor(limits, kind, request.ip));
}

function rateFor(limits: ServiceLimits, kind: AddressLimit, address: string): ServiceLimits[AddressLimit] {
  const rate = limits[kind];
  return isLoopback(address)
    ? { burst: rate.burst * limits.loopbackFactor, perMinute: rate.perMinute * limits.loopbackFactor }
    : rate;
}
