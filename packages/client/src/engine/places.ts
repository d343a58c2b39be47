import { deviceName, type MemberDevice } from "@bulla/core";
import { type Handle, hexOf, utf8, type Verifier } from "@bulla/wire";

const digits = (value: number): string => String(value).padStart(12, "0");

/** A handle as part of a place: places are readable, handles are not for readers. */
export function handlePlace(verifier: Pick<Verifier, "sha256">, handle: Handle): string {
  return hexOf(verifier.sha256(utf8(handle)).subarray(0, 16));
}

/** Where things lie in the device's store. */
export const places = {
  secrets: "account/secrets",
  self: "account/self-space",
  inboxCursor: "account/inbox-cursor",
  chain: (handle: string): string => `chain/${handle}`,
  contacts: "contact/",
  contact: (handle: string): string => `contact/${handle}`,
  ownCapabilities: "capability/own/",
  ownCapability: (of: string): string => `capability/own/${of}`,
  /** Hashes that the service is still to learn of, and to forget. */
  freshCapabilities: "capability/fresh/",
  freshCapability: (hash: Uint8Array): string => `capability/fresh/${hexOf(hash)}`,
  goneCapabilities: "capability/gone/",
  goneCapability: (hash: Uint8Array): string => `capability/gone/${hexOf(hash)}`,
  heldCapability: (of: string, deviceId: Uint8Array): string => `capability/held/${of}/${hexOf(deviceId)}`,
  keyPackages: "key-package/",
  keyPackage: (reference: Uint8Array): string => `key-package/${hexOf(reference)}`,
  spaces: "space/",
  info: (space: string): string => `space/${space}/info`,
  chapter: (space: string): string => `space/${space}/chapter`,
  cursor: (space: string): string => `space/${space}/cursor`,
  pending: (space: string): string => `space/${space}/pending`,
  /** Whom the pending change lets in. */
  invitees: (space: string): string => `space/${space}/invitees`,
  leaves: (space: string): string => `space/${space}/leave/`,
  leave: (verifier: Pick<Verifier, "sha256">, space: string, handle: Handle): string =>
    `space/${space}/leave/${handlePlace(verifier, handle)}`,
  last: (space: string): string => `space/${space}/last`,
  keyring: (space: string, number: number): string => `space/${space}/keyring/${digits(number)}`,
  keyrings: (space: string): string => `space/${space}/keyring/`,
  /** Keys that somebody handed over, of chapters that were not read yet. */
  allGranted: (space: string): string => `space/${space}/granted/`,
  granted: (space: string, number: number): string => `space/${space}/granted/${digits(number)}`,
  heads: (space: string): string => `space/${space}/head/`,
  head: (space: string, position: number): string => `space/${space}/head/${digits(position)}`,
  pieces: (space: string): string => `space/${space}/piece/`,
  piece: (space: string, recordId: Uint8Array): string => `space/${space}/piece/${hexOf(recordId)}`,
  allSaid: (space: string): string => `space/${space}/said/`,
  said: (verifier: Pick<Verifier, "sha256">, space: string, author: MemberDevice, counter: number): string =>
    `space/${space}/said/${hexOf(verifier.sha256(utf8(deviceName(author))).subarray(0, 16))}/${digits(counter)}`,
  sequence: (space: string): string => `space/${space}/sequence`,
  notices: "notice/",
  notice: (space: string, position: number): string => `notice/${space}/${digits(position)}`,
  outboxes: "outbox/",
  outbox: (space: string): string => `outbox/${space}/`,
  outboxEntry: (space: string, sequence: number): string => `outbox/${space}/${digits(sequence)}`,
} as const;
