import type { Swap } from "./swap.ts";

/** What the service takes from whom. */
export const serviceTwins = {
  noncesForEver: [
    {
      file: "service/src/api/nonces.ts",
      code: "return this.#expiries.delete(nonce) && expiry !== undefined && expiry >= this.#clock.now();",
      by: "void expiry; return true;",
    },
  ],
  unsignedRequests: [
    {
      file: "service/src/api/signed-requests.ts",
      code: "verifier.verifyEd25519(key, message, signature)",
      by: "(void key, void message, void signature, Promise.resolve(true))",
    },
  ],
  undigestedBodies: [
    {
      file: "wire/src/api/signed-request.ts",
      code: `const digest = contentDigest(parts.body, sha256); if (headers["content-digest"] !== digest) throw unauthorized();`,
      by: `const digest = headers["content-digest"] ?? "";`,
    },
  ],
  anyAuthority: [
    {
      file: "service/src/api/signed-requests.ts",
      code: "if (!context.authority.isOurs(host)) throw unauthorized();",
      by: "",
    },
  ],
  anyDevice: [
    {
      file: "service/src/api/signed-requests.ts",
      code: "if (signer.name !== name || !equalBytes(signer.deviceId, deviceId))",
      by: "if (signer.name === '')",
    },
  ],
  anyTicket: [
    {
      file: "service/src/admission/tickets.ts",
      code: `if (ticket === undefined || ticket.expiry < this.#clock.now())`,
      by: `if (ticket === undefined) return { bytes: 2 ** 40, days: 366, streams: 64, envelopes: 64, expiry: 0 }; if (ticket.expiry < 0)`,
    },
  ],
  leasesByChunk: [
    {
      file: "service/src/storage/sqlite/lease-store.ts",
      code: `this.#database.run("DELETE FROM leases WHERE chunk = ? AND lease = ?", chunk, lease)`,
      by: `(void lease, this.#database.run("DELETE FROM leases WHERE chunk = ?", chunk))`,
    },
  ],
  shorterLeases: [
    {
      file: "service/src/storage/sqlite/lease-store.ts",
      code: "expiry_day = max(expiry_day, excluded.expiry_day)",
      by: "expiry_day = excluded.expiry_day",
    },
  ],
  noRates: [
    {
      file: "service/src/api/rate-limiter.ts",
      code: `if (tokens < 1) throw new BullaError("service/rate-limited", "too many requests", { hint: "wait a minute, then try again" });`,
      by: "",
    },
  ],
  anyBodyLength: [
    {
      file: "service/src/api/public-routes.ts",
      code: `app.post("/v1/nonces", { bodyLimit: 1024 },`,
      by: `app.post("/v1/nonces", { bodyLimit: 2 ** 30 },`,
    },
  ],
  anyNumberOfConnections: [
    {
      file: "service/src/api/server.ts",
      code: "if (count > maxConnectionsPerAddress * (isLoopback(socket.remoteAddress) ? loopbackFactor : 1))",
      by: "if (maxConnectionsPerAddress * loopbackFactor < 0 && isLoopback(key))",
    },
  ],
  anyRecordSize: [
    { file: "wire/src/api/frames.ts", code: "(body) => limits.recordSizes.includes(body.length)", by: "() => true" },
  ],
  deletedStays: [
    {
      file: "service/src/storage/sqlite/database.ts",
      code: "PRAGMA secure_delete = ON;",
      by: "PRAGMA secure_delete = OFF;",
    },
  ],
} as const satisfies Readonly<Record<string, readonly Swap[]>>;
