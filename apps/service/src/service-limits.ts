/** So many at once, and so many more each minute. */
export interface Rate {
  readonly burst: number;
  readonly perMinute: number;
}

/** What an account may be granted within `days`. */
export interface Quota {
  readonly days: number;
  readonly byteDays: number;
  readonly streams: number;
  readonly envelopes: number;
}

/** What one service allows; the limits both sides hold to are in `@bulla/wire`. */
export interface ServiceLimits {
  /** Per address; an address of this machine gets `loopbackFactor` times as much. */
  readonly lookups: Rate;
  readonly nonces: Rate;
  readonly newAccounts: Rate;
  readonly unsignedClaims: Rate;
  readonly strangerEnvelopes: Rate;
  readonly loopbackFactor: number;
  /** Per account claimed from, by strangers together: how fast a pool can be drained. */
  readonly claimsFromAccount: Rate;
  /** Per local account that claims. */
  readonly signedClaims: Rate;
  /** Per local account that asks for tickets. */
  readonly admissions: Rate;
  /** Per inbox, by strangers together. */
  readonly strangerEnvelopesToInbox: Rate;
  readonly maxEnvelopesPerInbox: number;
  /** Strangers may fill this much of an inbox; the rest is for contacts. */
  readonly maxEnvelopesByStrangers: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxUploads: number;
  readonly maxNonces: number;
  readonly maxTickets: number;
  readonly quota: Quota;
}

export const defaultServiceLimits: ServiceLimits = {
  lookups: { burst: 240, perMinute: 120 },
  nonces: { burst: 240, perMinute: 240 },
  newAccounts: { burst: 10, perMinute: 2 },
  unsignedClaims: { burst: 60, perMinute: 20 },
  strangerEnvelopes: { burst: 20, perMinute: 5 },
  loopbackFactor: 1000,
  claimsFromAccount: { burst: 60, perMinute: 20 },
  signedClaims: { burst: 2000, perMinute: 300 },
  admissions: { burst: 2000, perMinute: 600 },
  strangerEnvelopesToInbox: { burst: 60, perMinute: 10 },
  maxEnvelopesPerInbox: 2048,
  maxEnvelopesByStrangers: 512,
  maxConnections: 20_000,
  maxConnectionsPerAddress: 256,
  maxUploads: 64,
  maxNonces: 200_000,
  maxTickets: 100_000,
  quota: { days: 30, byteDays: 30 * 2 ** 42, streams: 200_000, envelopes: 200_000 },
};
