import { concatBytes } from "../encoding/bytes.ts";
import { labelBytes } from "../labels.ts";
import type { Verifier } from "../verifier.ts";

/** Kinds of stream; part of the sid. */
export const streamKinds = { chapter: 1 } as const;

/** What opens a stream: whoever can show these has the right to read it. */
export interface StreamAddress {
  readonly kind: number;
  /** Ed25519 public key: possession of its secret is the right to append. */
  readonly writeKey: Uint8Array;
  readonly readSecret: Uint8Array;
}

/** sid = SHA-256(label ‖ kind ‖ write public key ‖ SHA-256(read secret)): nobody can guess, squat or enumerate one. */
export function streamId(verifier: Verifier, { kind, writeKey, readSecret }: StreamAddress): Uint8Array {
  return verifier.sha256(labelBytes("streamId"), Uint8Array.of(kind), writeKey, verifier.sha256(readSecret));
}

/** What the write key signs, once per connection and stream. */
export function proofBytes(nonce: Uint8Array, sid: Uint8Array): Uint8Array {
  return concatBytes(labelBytes("connectionProof"), nonce, sid);
}

/** H_i = SHA-256(label ‖ H_{i-1} ‖ record id ‖ SHA-256(body)) over stored bytes. */
export function nextHead(verifier: Verifier, head: Uint8Array, recordId: Uint8Array, bodyHash: Uint8Array): Uint8Array {
  return verifier.sha256(labelBytes("head"), head, recordId, bodyHash);
}

/** Name of a lease: hash of the delete token of one chunk. */
export function leaseName(verifier: Verifier, deleteToken: Uint8Array): Uint8Array {
  return verifier.sha256(labelBytes("leaseToken"), deleteToken);
}

/** What a device registers for a contact's inbox capability. */
export function capabilityHash(verifier: Verifier, secret: Uint8Array): Uint8Array {
  return verifier.sha256(labelBytes("inboxCapability"), secret);
}
