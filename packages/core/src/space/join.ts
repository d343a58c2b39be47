import { BullaError, equalBytes } from "@bulla/wire";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { applyOperations } from "./apply-operations.ts";
import { type ChainBook, type WantedChain, wantedChains } from "./chain-book.ts";
import { bindingOf, type PreparedChange, sealChange } from "./change.ts";
import { type Chapter, type Cursor, leafAuthority } from "./chapter.ts";
import { type ChapterKey, streamSecrets } from "./chapter-keys.ts";
import { commitBinding } from "./commit-binding.ts";
import { constitutionHash, devicesOf, memberOf } from "./constitution.ts";
import { enterChapter } from "./enter.ts";
import { newestPin } from "./found.ts";
import { generateKeyPackage, suiteId } from "./group.ts";
import { factsOfGroup, factsOfGroupInfo } from "./group-info.ts";
import { joinByWelcome } from "./join-by-welcome.ts";
import { joinExternally } from "./join-externally.ts";
import { decodeKeyPackagePair } from "./key-package.ts";
import { deviceName, type MemberDevice } from "./member-device.ts";
import { readOpening, sameFacts } from "./opening.ts";
import { signOperation } from "./operation.ts";
import type { PieceLookup } from "./parts.ts";
import type { SignedRecord } from "./signed-record.ts";

/** A chapter key that somebody handed over, and where it belongs. Until it was recomputed it is only a hint. */
export interface KeyringEntry {
  readonly space: Uint8Array;
  readonly number: number;
  readonly key: Uint8Array;
  /** H_end of the stream before that chapter. */
  readonly previousEnd: Uint8Array;
}

/** What a device brings to join: its own secrets and what it read in the stream. */
export interface JoinRequest {
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
  readonly entry: KeyringEntry;
  readonly opening: SignedRecord;
  readonly pieceOf: PieceLookup;
  readonly book: ChainBook;
}

export type Joined =
  | { readonly kind: "joined"; readonly chapter: Chapter }
  | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] };

const refused = (why: string): BullaError => new BullaError("space/refused-welcome", `invitation refused: ${why}`);

/** Enter a space by a Welcome. The chapter key that came with it is recomputed and compared, the opening is compared with the epoch.
 *  @throws BullaError space/refused-welcome, space/refused-opening, space/refused-commit, identity/pin-mismatch */
export async function acceptWelcome(
  primitives: Primitives,
  { me, secrets, entry, opening, pieceOf, book }: JoinRequest,
  welcome: Uint8Array,
  privatePackage: Uint8Array,
): Promise<Joined> {
  const read = await readOpening(primitives, { space: entry.space, number: entry.number, retry: 0 }, opening, pieceOf);
  const wanted = wantedChains(book, read.constitution.members);
  if (wanted.length > 0) return { kind: "wait", wanted };
  await read.verify(book);
  if (!equalBytes(read.previousEnd, entry.previousEnd)) throw refused("its opening follows another stream");
  if (read.constitution.suite !== suiteId) throw refused("it is of another suite");
  if (!devicesOf(read.constitution).some((device) => deviceName(device) === deviceName(me)))
    throw refused("this device is not a member");
  const pair = decodeKeyPackagePair(privatePackage, secrets);
  const group = await joinByWelcome(primitives, welcome, pair, read.info.tree, leafAuthority(book)).catch(
    (cause: unknown) => {
      throw new BullaError("space/refused-welcome", "invitation refused: its Welcome does not open", { cause });
    },
  );
  if (!sameFacts(factsOfGroupInfo(read.info), await factsOfGroup(primitives, group)))
    throw refused("its opening is of another epoch");
  const chapter = await enterChapter(primitives, group, read.constitution, entry.previousEnd);
  if (!equalBytes(chapter.key, entry.key)) throw refused("its chapter key is not the one of the epoch");
  return { kind: "joined", chapter };
}

export type ExternalJoin =
  | {
      readonly kind: "prepared";
      readonly prepared: PreparedChange;
      readonly reading: Pick<Chapter, "stream" | "space" | "number" | "retry" | "context">;
    }
  | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] };

/** Prepare to enter by an external commit: a new device of a member account, or one that lost its state. It makes the next chapter itself.
 *  `cursor` has read the stream of `entry` with `readerChapter`. */
export async function prepareExternalJoin(
  primitives: Primitives,
  { me, secrets, entry, opening, pieceOf, book }: JoinRequest,
  cursor: Cursor,
  day: number,
): Promise<ExternalJoin> {
  const read = await readOpening(primitives, { space: entry.space, number: entry.number, retry: 0 }, opening, pieceOf);
  const wanted = wantedChains(book, read.constitution.members);
  if (wanted.length > 0) return { kind: "wait", wanted };
  await read.verify(book);
  if (!equalBytes(read.previousEnd, entry.previousEnd)) throw refused("its opening follows another stream");
  const { constitution, context } = read;
  const member = memberOf(constitution, me.handle);
  if (member === undefined) throw new BullaError("space/not-a-member", "this account is not a member of the space");
  const pinned = member.devices.some((id) => equalBytes(id, me.deviceId));
  const body = {
    kind: "setDevices",
    handle: me.handle,
    pin: newestPin(book, me.handle),
    devices: [...member.devices, me.deviceId],
  } as const;
  const operation = { version: 1, space: entry.space, basis: constitutionHash(primitives, constitution), body };
  const operations = pinned ? [] : [await signOperation(primitives, me, secrets, operation)];
  const next = await applyOperations(primitives, book, constitution, operations);
  const binding = commitBinding(primitives, bindingOf(primitives, next, cursor));
  const notBefore = BigInt(day - 1) * 86_400n;
  const pair = await generateKeyPackage(primitives, me, secrets, { notBefore, notAfter: notBefore + 7_776_000n });
  const committed = await joinExternally(primitives, read.info.info, pair, me, binding, leafAuthority(book));
  const stream = streamSecrets(primitives, entry.key as ChapterKey, 0);
  const reading = { stream, space: entry.space, number: entry.number, retry: 0, context };
  return {
    kind: "prepared",
    prepared: await sealChange(primitives, me, secrets, reading, cursor, next, operations, committed),
    reading,
  };
}

/** A chapter as whoever holds only its key can read it: history, and the way in. */
export async function readerChapter(
  primitives: Primitives,
  entry: KeyringEntry,
  opening: SignedRecord,
  pieceOf: PieceLookup,
  book: ChainBook,
): Promise<Joined> {
  const read = await readOpening(primitives, { space: entry.space, number: entry.number, retry: 0 }, opening, pieceOf);
  const wanted = wantedChains(book, read.constitution.members);
  if (wanted.length > 0) return { kind: "wait", wanted };
  await read.verify(book);
  if (!equalBytes(read.previousEnd, entry.previousEnd)) throw refused("its opening follows another stream");
  const key = entry.key.slice() as ChapterKey;
  const { space, number, previousEnd } = entry;
  return {
    kind: "joined",
    chapter: {
      space,
      number,
      retry: 0,
      context: read.context,
      key,
      stream: streamSecrets(primitives, key, 0),
      constitution: read.constitution,
      group: undefined,
      previousEnd,
    },
  };
}
