/** One device of one account. */
export interface DeviceAddress {
  readonly name: string;
  readonly deviceId: Uint8Array;
}

export interface PoolCount {
  readonly remaining: number;
  readonly lastResortDay: number | null;
}

export interface ClaimedPackage {
  readonly deviceId: Uint8Array;
  readonly keyPackage: Uint8Array;
  readonly lastResort: boolean;
}

export interface StoredEnvelope {
  readonly position: number;
  readonly envelope: Uint8Array;
}

/** Accounts' chains as opaque statements, KeyPackage pools, inboxes and their capabilities. Every write is durable when it resolves. */
export interface DirectoryStore {
  /** Statements from `from` on; undefined when there is no such account. */
  statements(name: string, from: number): Promise<readonly Uint8Array[] | undefined>;
  /** Adds the statement that the chain has at `position`; position 0 creates the account. The transparency log gets it in the same transaction.
   *  `repeated`: this very statement is there already. `conflict`: another one is, or the one before is missing. */
  append(name: string, position: number, statement: Uint8Array): Promise<"appended" | "repeated" | "conflict">;

  /** Adds packages that the pool never held; a last-resort package replaces the one before. `full`: nothing was added. */
  addKeyPackages(device: DeviceAddress, upload: PackageUpload): Promise<PoolCount | "full">;
  poolCount(device: DeviceAddress): Promise<PoolCount>;
  /** Takes one package of each device that has one. No package is ever handed out twice, except one of last resort. */
  claim(name: string, deviceIds: readonly Uint8Array[], today: number): Promise<readonly ClaimedPackage[]>;

  /** `full`: that many envelopes wait already. */
  post(device: DeviceAddress, envelope: Uint8Array, expiryDay: number, maxWaiting: number): Promise<"posted" | "full">;
  /** Envelopes from position `from` on whose day has not passed, oldest first. */
  envelopes(
    device: DeviceAddress,
    from: number,
    max: number,
    today: number,
  ): Promise<{ readonly envelopes: readonly StoredEnvelope[]; readonly more: boolean }>;
  /** Deletes everything up to and including `through`. A position is never used again. */
  acknowledge(device: DeviceAddress, through: number): Promise<void>;

  /** `full`: nothing was changed. */
  changeCapabilities(
    device: DeviceAddress,
    change: { readonly add: readonly Uint8Array[]; readonly remove: readonly Uint8Array[] },
    max: number,
  ): Promise<"changed" | "full">;
  hasCapability(device: DeviceAddress, hash: Uint8Array): Promise<boolean>;

  /** Deletes envelopes whose day has passed, and what is remembered about packages claimed long ago. */
  sweep(today: number): Promise<void>;
  compact(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface PackageUpload {
  readonly keyPackages: readonly Uint8Array[];
  readonly lastResort: Uint8Array | null;
  readonly today: number;
  readonly maxRemaining: number;
}
