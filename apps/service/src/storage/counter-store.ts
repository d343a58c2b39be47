/** What an account was granted since `sinceDay`. */
export interface Usage {
  readonly sinceDay: number;
  /** Bytes of chunks times days of lease. */
  readonly byteDays: number;
  readonly streams: number;
  readonly envelopes: number;
}

/** Usage by account. It is written by timer, apart from everything that it paid for; a crash may forget the last minute. */
export interface CounterStore {
  load(name: string): Promise<Usage | undefined>;
  save(usages: ReadonlyMap<string, Usage>): Promise<void>;
  /** Forgets accounts that were granted nothing since that day. */
  sweep(beforeDay: number): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
