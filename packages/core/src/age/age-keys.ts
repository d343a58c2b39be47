import { BullaError } from "@bulla/wire";
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";

/** A new key pair for age files: `identity` is the secret, `recipient` may be shown to anyone. */
export interface AgeKeyPair {
  readonly identity: AgeIdentity;
  readonly recipient: AgeRecipient;
}

/** `AGE-SECRET-KEY-1…` or `AGE-SECRET-KEY-PQ-1…`. */
export type AgeIdentity = string & { readonly ageIdentity: unique symbol };
/** `age1…`, `age1pq1…`, `age1tag1…` or `age1tagpq1…`. */
export type AgeRecipient = string & { readonly ageRecipient: unique symbol };

/** Random comes from the platform's WebCrypto, inside the age library. Not every age tool reads the post-quantum kind. */
export async function generateAgeIdentity(options: { readonly postQuantum: boolean }): Promise<AgeKeyPair> {
  const identity = (await (options.postQuantum ? generateHybridIdentity() : generateX25519Identity())) as AgeIdentity;
  return { identity, recipient: await ageRecipientOf(identity) };
}

export async function ageRecipientOf(identity: AgeIdentity): Promise<AgeRecipient> {
  return (await identityToRecipient(identity)) as AgeRecipient;
}

/** The identities in an identity file: one per line, empty lines and lines that start with `#` aside.
 *  @throws BullaError core/bad-key naming the line, never its text */
export function parseAgeIdentities(text: string): readonly AgeIdentity[] {
  const identities = linesOf(text).map(({ line, number }) => {
    if (!isAccepted(() => new Decrypter().addIdentity(line)))
      throw new BullaError("core/bad-key", `line ${number} is not an age identity`);
    return line as AgeIdentity;
  });
  if (identities.length === 0) throw new BullaError("core/bad-key", "there is no age identity in the file");
  return identities;
}

/** The recipients in a recipients file or a single recipient, by the same rules.
 *  @throws BullaError age/bad-recipient naming the line */
export function parseAgeRecipients(text: string): readonly AgeRecipient[] {
  const recipients = linesOf(text).map(({ line, number }) => {
    if (!isAccepted(() => new Encrypter().addRecipient(line)))
      throw new BullaError("age/bad-recipient", `line ${number} is not an age recipient`);
    return line as AgeRecipient;
  });
  if (recipients.length === 0) throw new BullaError("age/bad-recipient", "there is no age recipient");
  return recipients;
}

/** Whether files for this recipient stay closed to a quantum computer. */
export function isPostQuantum(recipient: AgeRecipient): boolean {
  return recipient.startsWith("age1pq1") || recipient.startsWith("age1tagpq1");
}

function linesOf(text: string): readonly { readonly line: string; readonly number: number }[] {
  return text
    .split("\n")
    .map((line, i) => ({ line: line.trim(), number: i + 1 }))
    .filter(({ line }) => line !== "" && !line.startsWith("#"));
}

function isAccepted(parse: () => void): boolean {
  try {
    parse();
    return true;
  } catch {
    return false;
  }
}
