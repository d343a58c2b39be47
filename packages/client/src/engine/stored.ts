import { limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  flag,
  list,
  nullable,
  refine,
  struct,
  text,
  uint,
  variant,
  version,
} from "@bulla/wire/encoding";
import { handleCodec } from "@bulla/wire/identity";

const statement = bytes({ min: 1, max: limits.maxStatementBytes + 256 });

/** A chain as it was verified; whatever is stored is pinned. */
const chainShape = struct({
  version: version(1),
  handle: handleCodec,
  statements: list(statement, limits.maxChainStatements),
});
export type StoredChain = CodecValue<typeof chainShape>;
export const storedChainCodec: Codec<StoredChain> = chainShape;

export type ContactState = "accepted" | "waiting" | "blocked" | "known";
const contactStates: readonly string[] = ["accepted", "waiting", "blocked", "known"];
const contactShape = struct({
  version: version(1),
  handle: handleCodec,
  state: refine(text(16, 1) as Codec<ContactState>, "a contact's state", (state) => contactStates.includes(state)),
  /** Accepted by rule, not by a person, and nothing was shown of them yet. */
  firstContact: flag,
  /** Direct spaces with this account. */
  spaces: list(bytes(16), 64),
  /** Invitations that wait for a person. */
  envelopes: list(bytes({ min: 1, max: 16384 }), 16),
});
export type Contact = CodecValue<typeof contactShape>;
export const contactCodec: Codec<Contact> = contactShape;

export type SpaceState = "active" | "removed" | "frozen" | "stuck";
const spaceStates: readonly string[] = ["active", "removed", "frozen", "stuck"];
const infoShape = struct({
  version: version(1),
  kind: text(8, 1),
  home: text(260, 1),
  /** The other account of a direct space. */
  peer: nullable(handleCodec),
  state: refine(text(8, 1) as Codec<SpaceState>, "a space's state", (state) => spaceStates.includes(state)),
  /** Code of what froze it, or why this device is stuck. */
  why: nullable(text(64)),
});
export type SpaceInfo = CodecValue<typeof infoShape>;
export const spaceInfoCodec: Codec<SpaceInfo> = infoShape;

const keyringShape = struct({ number: uint(), key: bytes(32), previousEnd: bytes(32) });
export type StoredKeyringEntry = CodecValue<typeof keyringShape>;
export const storedKeyringCodec: Codec<StoredKeyringEntry> = keyringShape;

const keyPackageShape = struct({
  version: version(1),
  privatePackage: bytes({ min: 1, max: 32768 }),
  lastResort: flag,
  day: uint(),
});
export type StoredKeyPackage = CodecValue<typeof keyPackageShape>;
export const storedKeyPackageCodec: Codec<StoredKeyPackage> = keyPackageShape;

const outboxShape = variant({
  /** Open a stream before the first record goes into it. */
  open: [1, struct({ number: uint(), retry: uint(), before: nullable(struct({ number: uint(), retry: uint() })) })],
  /** Sealed bytes: a retry sends exactly these. */
  record: [
    2,
    struct({
      number: uint(),
      retry: uint(),
      recordId: bytes(16),
      body: bytes({ min: 1024, max: limits.maxRecordBytes }),
      expiryDay: nullable(uint()),
      close: flag,
      /** Whether it uses up a counter of this device: all but parts do. */
      signed: flag,
      /** What was said, so that it can be sealed again for the next chapter; null for parts, openings and closing records. */
      content: nullable(bytes({ max: limits.maxRecordBytes })),
      tag: text(128),
      acknowledged: flag,
    }),
  ],
  /** Said to fewer people than would read it now: waits until the person was asked. */
  held: [4, struct({ content: bytes({ max: limits.maxRecordBytes }), tag: text(128) })],
  envelope: [3, struct({ recipient: handleCodec, deviceId: bytes(16), envelope: bytes({ min: 1, max: 16384 }) })],
});
export type OutboxEntry = CodecValue<typeof outboxShape>;
export const outboxCodec: Codec<OutboxEntry> = outboxShape;

const inviteeShape = struct({ handle: handleCodec, deviceId: bytes(16), reference: bytes({ max: 64 }) });
export type StoredInvitee = CodecValue<typeof inviteeShape>;
export const storedInviteesCodec: Codec<readonly StoredInvitee[]> = list(inviteeShape, 2 * limits.maxMembers);

/** The last record that was read of a stream: how it ended, if it turns out to have ended. */
const lastShape = struct({ recordId: bytes(16), closing: nullable(bytes({ max: limits.maxRecordBytes })) });
export type StoredLast = CodecValue<typeof lastShape>;
export const storedLastCodec: Codec<StoredLast> = lastShape;

/** Something about a space that a person has to be told. */
const noticeShape = struct({ code: text(64, 1) });
export type StoredNotice = CodecValue<typeof noticeShape>;
export const storedNoticeCodec: Codec<StoredNotice> = noticeShape;
