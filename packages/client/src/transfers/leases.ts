import type { Primitives } from "@bulla/core";
import { labelBytes, leaseName, limits } from "@bulla/wire";
import type { ServiceClient } from "../service/service-client.ts";

/** The secret that ends one chunk's lease. Each chunk has its own, so the service cannot tell which chunks belong together. */
function deleteToken(primitives: Primitives, leaseSecret: Uint8Array, chunk: Uint8Array): Uint8Array {
  return primitives.hkdfSha256(leaseSecret, chunk, labelBytes("leaseSecret"), 32);
}

export function leaseOf(primitives: Primitives, leaseSecret: Uint8Array, chunk: Uint8Array): Uint8Array {
  return leaseName(primitives, deleteToken(primitives, leaseSecret, chunk));
}

/** Let go of chunks. What does not succeed now ends on its expiry day. */
export async function endLeases(
  service: Pick<ServiceClient, "endLeases">,
  primitives: Primitives,
  leaseSecret: Uint8Array,
  chunks: readonly Uint8Array[],
): Promise<void> {
  for (let at = 0; at < chunks.length; at += limits.maxChunksPerQuestion) {
    const some = chunks.slice(at, at + limits.maxChunksPerQuestion);
    await service
      .endLeases({ leases: some.map((chunk) => ({ chunk, token: deleteToken(primitives, leaseSecret, chunk) })) })
      .catch(() => undefined);
  }
}
