/** A claim that keeps a chunk alive up to and including a UTC day, named by the hash of its delete token. */
export interface Lease {
  readonly chunk: Uint8Array;
  readonly lease: Uint8Array;
  readonly expiryDay: number;
}

export type LeaseReference = Pick<Lease, "chunk" | "lease">;

/** Leases by chunk. Nothing in it says who holds one. */
export interface LeaseStore {
  /** Adds leases, or moves known ones to a later day; never to an earlier one. Durable when resolved, all or none. */
  hold(leases: readonly Lease[]): Promise<void>;
  /** Which of these the store does not hold to that day at least; by their index. */
  missing(leases: readonly Lease[]): Promise<readonly number[]>;
  /** Ends leases; unknown ones are ignored. */
  end(leases: readonly LeaseReference[]): Promise<void>;
  /** Whether any lease keeps the chunk alive on that day. At once, because a chunk may only be deleted in the turn in which this was asked. */
  isAlive(chunk: Uint8Array, today: number): boolean;
  /** Forgets leases whose day has passed. */
  sweep(today: number): Promise<void>;
  compact(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
