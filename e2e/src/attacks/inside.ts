import type * as client from "@bulla/client";
import type * as node from "@bulla/client/node";
import type * as content from "@bulla/content";
import type * as core from "@bulla/core";
import type { createService } from "@bulla/service";
import type * as wire from "@bulla/wire";
import type * as encoding from "@bulla/wire/encoding";
import type * as identity from "@bulla/wire/identity";
import type * as receipts from "@bulla/wire/receipt";

type RecordKind = "lasting" | "fleeting" | "part" | "closing" | "opening" | "complaint";

/** Where a record is sealed to. */
export interface RecordPlace {
  readonly space: Uint8Array;
  readonly number: number;
  readonly retry: number;
  readonly kind: RecordKind;
}

/** A member of a space, or somebody who would like to be one, with what lies in its home. */
export interface Actor {
  readonly me: core.MemberDevice;
  readonly secrets: core.DeviceSecrets;
  readonly chain: identity.VerifiedChain;
  readonly chapter?: core.Chapter;
}

export interface Cast {
  readonly alice: Actor;
  readonly bob: Actor;
  readonly mallory: Actor;
  readonly eve: Actor;
  readonly records: readonly core.OuterRecord[];
}

/** An attack by commit, ready to be carried out. */
export interface StagedCommit {
  readonly chains: ReadonlyMap<string, identity.VerifiedChain>;
  readonly streams: readonly { readonly stream: core.StreamSecrets; readonly records: readonly core.OuterRecord[] }[];
  readonly hostile: readonly core.OuterRecord[];
  readonly twin: readonly core.OuterRecord[] | undefined;
  readonly number: number;
}

/** One build of the product, doors and some of what is behind them. */
export interface Inside {
  readonly node: typeof node;
  readonly client: typeof client;
  readonly core: typeof core;
  readonly wire: typeof wire;
  readonly encoding: typeof encoding;
  readonly identity: typeof identity;
  readonly receipts: typeof receipts;
  readonly content: typeof content;
  readonly createService: typeof createService;
  unwrapRecord(
    primitives: core.Primitives,
    stream: core.StreamSecrets,
    record: core.OuterRecord,
  ): Promise<{ readonly kind: RecordKind; readonly sealed: Uint8Array }>;
  wrapRecord(
    primitives: core.Primitives,
    stream: core.StreamSecrets,
    inner: { readonly kind: RecordKind; readonly sealed: Uint8Array },
  ): Promise<core.OuterRecord>;
  openAtPlace(
    primitives: core.Primitives,
    stream: core.StreamSecrets,
    place: RecordPlace,
    sealed: Uint8Array,
  ): Promise<Uint8Array>;
  sealAtPlace(
    primitives: core.Primitives,
    stream: core.StreamSecrets,
    place: RecordPlace,
    plaintext: Uint8Array,
  ): Promise<Uint8Array>;
  encodeIdentity(device: core.MemberDevice): Uint8Array;
  readonly commitAttacks: readonly { readonly id: string; readonly attack: string }[];
  stageCommit(id: string, cast: Cast): Promise<StagedCommit>;
}
