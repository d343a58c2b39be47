import type { AccountAnswer, ClaimAnswer, InboxAnswer, RequestFrame, StoredRecord } from "@bulla/wire/api";

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface ProxiedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Records of one stream on their way to a client. */
export interface RecordsShown {
  /** Hex. */
  readonly sid: string;
  readonly from: number;
  readonly records: readonly StoredRecord[];
  readonly closed: boolean;
}

/** How a service lies. Each hook sees what the honest service says, decoded, and says something else. What has no hook passes as it is. */
export interface Lies {
  /** Answer a request here, so that the service never sees it. */
  answer?(request: ProxiedRequest): ProxiedAnswer | undefined;
  /** The account's identity chain from position `from` on. */
  statements?(name: string, from: number, statements: AccountAnswer["statements"]): AccountAnswer["statements"];
  packages?(name: string, packages: ClaimAnswer["packages"]): ClaimAnswer["packages"];
  /** @param inbox `name/device`, the device in hex */
  envelopes?(inbox: string, envelopes: InboxAnswer["envelopes"]): InboxAnswer["envelopes"];
  /** @param hash of the chunk that was asked for, base64url */
  chunk?(hash: string, bytes: Uint8Array): Uint8Array;
  records?(shown: RecordsShown): Omit<RecordsShown, "sid">;
}

/** What the proxy saw pass, for attackers who collect. */
export interface Seen {
  readonly requests: readonly ProxiedRequest[];
  readonly frames: readonly RequestFrame[];
}
