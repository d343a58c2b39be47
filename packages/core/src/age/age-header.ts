import { BullaError } from "@bulla/wire";
import { Decrypter, Encrypter, type Identity, type Recipient } from "age-encryption";
import type { Random } from "../primitives.ts";
import type { AgeCipher } from "./age-cipher.ts";
import { ageMalformed, ageOpenFailed, noIdentityMatched } from "./age-errors.ts";
import { type AgeIdentity, type AgeRecipient, isPostQuantum } from "./age-keys.ts";
import { defaultWorkFactor, passphraseIdentity, passphraseRecipient } from "./age-passphrase.ts";

/** Whom a file is for. */
export type AgeAudience =
  | { readonly recipients: readonly AgeRecipient[] }
  | { readonly passphrase: string; readonly workFactor?: number };
/** What may open a file. */
export type AgeSecret = { readonly identities: readonly AgeIdentity[] } | { readonly passphrase: string };

export interface AgeHeader {
  /** 16 bytes, of this file only. Secret. */
  readonly fileKey: Uint8Array;
  /** The header with its MAC line. */
  readonly header: Uint8Array;
}

/** Room for about 600 post-quantum recipients. */
export const maxAgeHeaderBytes: number = 1024 * 1024;

/** A new file key and the header that wraps it.
 *  @throws BullaError age/bad-recipient – none, too many, or classical ones beside post-quantum ones, which would undo what these promise */
export async function sealAgeHeader(
  random: Random,
  cipher: Pick<AgeCipher, "scrypt">,
  audience: AgeAudience,
): Promise<AgeHeader> {
  let fileKey: Uint8Array | undefined;
  const encrypter = new Encrypter();
  // The library keeps the file key to itself, except from recipients: this one adds no stanza and remembers the key.
  const witness: Recipient = {
    wrapFileKey(key) {
      fileKey = new Uint8Array(key);
      return [];
    },
  };
  encrypter.addRecipient(witness);
  addRecipients(encrypter, random, cipher, audience);
  const empty = await encrypter.encrypt(new Uint8Array(0)).catch((error: unknown) => {
    throw new BullaError("age/bad-recipient", "a recipient cannot be used", { cause: error });
  });
  const header = empty.slice(0, empty.length - emptyPayloadBytes);
  if (fileKey === undefined || header.length > maxAgeHeaderBytes)
    throw new BullaError("age/bad-recipient", `header is ${header.length} bytes, limit is ${maxAgeHeaderBytes}`);
  return { fileKey, header };
}

/** The file key, by whatever of `secret` matches.
 *  @throws BullaError age/malformed, age/no-identity-matched, core/open-failed when the header's MAC does not fit */
export async function openAgeHeader(
  cipher: Pick<AgeCipher, "scrypt">,
  header: Uint8Array,
  secret: AgeSecret,
): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  if ("passphrase" in secret) decrypter.addIdentity(passphraseIdentity(secret.passphrase, cipher));
  else for (const identity of secret.identities) decrypter.addIdentity(identity);
  let noneMatched = false;
  // Asked last, so only when nobody before could open it.
  const witness: Identity = {
    unwrapFileKey() {
      noneMatched = true;
      return null;
    },
  };
  decrypter.addIdentity(witness);
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (noneMatched) throw noIdentityMatched();
    // The library has no codes; its version is pinned and the test kit's cases hold this sentence to its place.
    if (error instanceof Error && error.message === "invalid header HMAC") throw ageOpenFailed();
    throw ageMalformed(error);
  }
}

/** An empty age payload: nonce and the tag of one empty segment. */
const emptyPayloadBytes = 32;

function addRecipients(
  encrypter: Encrypter,
  random: Random,
  cipher: Pick<AgeCipher, "scrypt">,
  audience: AgeAudience,
): void {
  if ("passphrase" in audience) {
    encrypter.addRecipient(
      passphraseRecipient(audience.passphrase, random, cipher, audience.workFactor ?? defaultWorkFactor),
    );
    return;
  }
  const { recipients } = audience;
  if (recipients.length === 0) throw new BullaError("age/bad-recipient", "an age file needs a recipient");
  if (new Set(recipients.map(isPostQuantum)).size > 1) {
    throw new BullaError("age/bad-recipient", "post-quantum and classical recipients cannot share a file", {
      hint: "make one file for each kind",
    });
  }
  for (const recipient of recipients) encrypter.addRecipient(recipient);
}
