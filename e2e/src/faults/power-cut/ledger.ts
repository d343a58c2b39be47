import type { DeviceSecrets } from "@bulla/core";
import type { StreamAddress } from "@bulla/wire";
import type { SignedStatement } from "@bulla/wire/identity";

export interface LoadStream {
  readonly sid: Uint8Array;
  readonly writeSeed: Uint8Array;
  readonly address: StreamAddress;
  /** Acknowledged records by position. */
  readonly records: Map<number, { readonly recordId: Uint8Array; readonly body: Uint8Array }>;
  /** What was sent, in hex of its id: nothing else may ever be in the stream. */
  readonly sent: Set<string>;
  isClosed: boolean;
}

export interface LoadAccount {
  readonly name: string;
  readonly secrets: DeviceSecrets;
  /** Acknowledged statements of its chain, in order. */
  readonly statements: SignedStatement[];
}

export interface LoadInbox {
  readonly owner: LoadAccount;
  /** Acknowledged envelopes that nobody asked to be deleted, in order. */
  readonly envelopes: Uint8Array[];
}

/** What the service has acknowledged, and so has to know for ever. */
export interface Ledger {
  readonly streams: LoadStream[];
  /** Hashes of acknowledged chunks. */
  readonly chunks: Uint8Array[];
  readonly accounts: LoadAccount[];
  readonly inboxes: LoadInbox[];
}

/** How much of each kind was acknowledged. */
export function amountsOf({ streams, chunks, accounts, inboxes }: Ledger): Readonly<Record<string, number>> {
  const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);
  return {
    records: sum(streams.map(({ records }) => records.size)),
    chunks: chunks.length,
    statements: sum(accounts.map(({ statements }) => statements.length)),
    envelopes: sum(inboxes.map(({ envelopes }) => envelopes.length)),
  };
}
