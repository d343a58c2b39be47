/** What may be asked of the streams in one group commit. */
export type StreamChange =
  | { readonly kind: "open"; readonly sid: Uint8Array }
  /** Opens by the allowance of a closed stream: its number falls, and no link between the two is kept. */
  | { readonly kind: "openFrom"; readonly sid: Uint8Array; readonly closedSid: Uint8Array }
  | {
      readonly kind: "append";
      readonly sid: Uint8Array;
      readonly recordId: Uint8Array;
      readonly body: Uint8Array;
      /** Last UTC day on which the body may be read; null is for ever. */
      readonly expiryDay: number | null;
      readonly close: boolean;
    };

export type StreamOutcome =
  | { readonly kind: "opened" }
  | { readonly kind: "alreadyOpen" }
  /** The closed stream is none, is not closed, or has no allowance left. */
  | { readonly kind: "notAllowed" }
  | { readonly kind: "notOpen" }
  | { readonly kind: "appended"; readonly position: number }
  | { readonly kind: "duplicate"; readonly position: number }
  | { readonly kind: "conflict" }
  | { readonly kind: "closed"; readonly length: number };

export type KeptRecord =
  | { readonly kind: "record"; readonly recordId: Uint8Array; readonly body: Uint8Array }
  | { readonly kind: "expired"; readonly recordId: Uint8Array; readonly bodyHash: Uint8Array };

export interface StreamRead {
  readonly records: readonly KeptRecord[];
  /** Records in the stream; 0 for a stream that nobody has opened. */
  readonly length: number;
  readonly closed: boolean;
}

export interface ReadBounds {
  readonly from: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly today: number;
}

/** Append-only streams by sid. Nothing in it names an account, and nothing orders one stream against another. */
export interface StreamStore {
  /** Applies all changes in their order in one transaction: durable when resolved; when it rejects, none of them happened. */
  commit(changes: readonly StreamChange[]): Promise<readonly StreamOutcome[]>;
  /** Records from `from` on, at least one if there is one. Records whose day has passed read as expired, swept or not. */
  read(sid: Uint8Array, bounds: ReadBounds): Promise<StreamRead>;
  isOpen(sid: Uint8Array): Promise<boolean>;
  /** Deletes bodies whose day has passed, at most `max` of them; record id and SHA-256 of the body stay.
   *  @returns how many were deleted */
  sweep(today: number, max: number): Promise<number>;
  /** Makes deleted content unrecoverable from the store's files. */
  compact(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
