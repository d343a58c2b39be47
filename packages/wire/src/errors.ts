/** Every code a program may meet. `area/what`; a code never changes its meaning. Exit statuses of the CLI and HTTP statuses of the service follow from the code. */
export const errorCodes = [
  // shapes
  "wire/malformed",
  "wire/too-large",
  "wire/unsupported-version",
  "wire/bad-handle",
  // identity chains
  "identity/bad-chain",
  "identity/bad-signature",
  "identity/unknown-device",
  "identity/suspended-device",
  "identity/pin-mismatch",
  "identity/chain-shortened",
  "identity/unsupported-statement",
  // opening
  "core/open-failed",
  "core/bad-key",
  // spaces
  "space/refused-commit",
  "space/refused-opening",
  "space/refused-closing",
  "space/refused-record",
  "space/refused-welcome",
  "space/refused-constitution",
  "space/not-a-member",
  "space/fork",
  "space/gap",
  "space/rolled-back",
  "space/unknown",
  "space/busy",
  "space/not-allowed",
  // blobs and transfers
  "blob/refused",
  "blob/source-changed",
  "blob/missing-chunk",
  "blob/expired",
  "transfer/unknown",
  "transfer/refused",
  "transfer/empty",
  "transfer/source-unreadable",
  "receipt/refused",
  "receipt/none",
  // age files
  "age/no-identity-matched",
  "age/malformed",
  "age/bad-recipient",
  // local device
  "store/locked",
  "store/corrupt",
  "store/exists",
  "store/missing",
  "store/wrong-passphrase",
  "store/unsupported-version",
  "store/kdf-floor",
  "file/exists",
  "file/unreadable",
  "file/unwritable",
  "file/is-directory",
  "file/no-space",
  // transport
  "transport/unreachable",
  "transport/insecure",
  "transport/refused-address",
  "transport/bad-answer",
  // the service's answers
  "service/malformed",
  "service/not-found",
  "service/unauthorized",
  "service/forbidden",
  "service/conflict",
  "service/closed",
  "service/expired",
  "service/too-large",
  "service/rate-limited",
  "service/quota",
  "service/unavailable",
  "service/internal",
  // contacts
  "contact/unknown-recipient",
  "contact/no-device",
  "contact/blocked",
  "contact/not-accepted",
  // command line
  "cli/usage",
  "cli/interrupted",
  "internal/bug",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface BullaErrorOptions {
  readonly about?: string | undefined;
  readonly cause?: unknown;
  /** What the person can do next, in one sentence. Apps may replace it with their own. */
  readonly hint?: string;
}

/** The one error class. `code` is for programs, `message` for people: lower case, no full stop, no plaintext, key, handle or file name. */
export class BullaError extends Error {
  override readonly name = "BullaError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  /** Which of the things that the caller named it is about: a handle, a path. For whoever named it, to be shown and not logged; it is in no message and not enumerable. */
  declare readonly about: string | undefined;
  constructor(code: ErrorCode, message: string, options: BullaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    Object.defineProperty(this, "about", { value: options.about, enumerable: false });
  }
}

/** A broken assumption of ours. Never caught to go on; always a bug. */
export class InternalError extends BullaError {
  constructor(message: string, options: BullaErrorOptions = {}) {
    super("internal/bug", message, options);
  }
}

export function isBullaError(error: unknown, code?: ErrorCode): error is BullaError {
  return error instanceof BullaError && (code === undefined || error.code === code);
}

/** Whether a string that came from outside is a code of ours. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && (errorCodes as readonly string[]).includes(value);
}
