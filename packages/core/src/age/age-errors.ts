import { BullaError } from "@bulla/wire";

/** The file is not what an age file looks like. */
export function ageMalformed(cause?: unknown): BullaError {
  return new BullaError("age/malformed", "that is not a readable age file", cause === undefined ? {} : { cause });
}

/** A header or segment that does not open: changed, cut off, or made for another key. */
export function ageOpenFailed(): BullaError {
  return new BullaError("core/open-failed", "age file was refused: it was changed or cut off");
}

export function noIdentityMatched(): BullaError {
  return new BullaError("age/no-identity-matched", "none of the identities or passphrases opens this age file");
}
