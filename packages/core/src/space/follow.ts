import { BullaError, equalBytes, isBullaError } from "@bulla/wire";
import type { Primitives } from "../primitives.ts";
import { applyOperations, pinsOf } from "./apply-operations.ts";
import { type ChainBook, type WantedChain, wantedChains } from "./chain-book.ts";
import { bindingOf, type PendingChange } from "./change.ts";
import { authorKey, type Chapter, type Cursor, leafAuthority, retryChapter } from "./chapter.ts";
import { decodeClosing } from "./closing.ts";
import { commitBinding } from "./commit-binding.ts";
import { type Constitution, constitutionHash, deviceNamesOf, memberOf } from "./constitution.ts";
import { enterChapter } from "./enter.ts";
import { applyCommit, type Group, leavesOf } from "./group.ts";
import { checkRoster, inspectCommit } from "./guard.ts";
import { deviceName, type MemberDevice } from "./member-device.ts";
import { decodeOperations } from "./operation.ts";
import { assemblePart, type PartReference, type PieceLookup } from "./parts.ts";
import { type SignedRecord, type SigningPlace, verifySignedRecord } from "./signed-record.ts";

/** The last record of a closed stream. `record` is undefined when it is no closing record at all. */
export interface StreamEnd {
  readonly recordId: Uint8Array;
  readonly record: SignedRecord | undefined;
}

export type Followed =
  /** The next chapter. `own` when it is this device's pending change that won. */
  | { readonly kind: "next"; readonly chapter: Chapter; readonly own: boolean; readonly by: MemberDevice }
  /** This device is not in it. */
  | { readonly kind: "removed"; readonly by: MemberDevice }
  /** The closing record was none: everybody goes on in the retry stream. */
  | { readonly kind: "retry"; readonly chapter: Chapter; readonly why: BullaError }
  /** Chains that are needed to judge it. */
  | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] }
  /** Valid for all to see, yet it does not work for this device. */
  | { readonly kind: "complain"; readonly by: MemberDevice; readonly why: unknown };

export interface FollowContext {
  readonly me: MemberDevice;
  readonly book: ChainBook;
  readonly pieceOf: PieceLookup;
  /** The head at a position of this stream. */
  readonly headAt: (position: number) => Promise<Uint8Array | undefined>;
  readonly pending: PendingChange | undefined;
}

/** Judge how a stream ended. `cursor` has read all of it, the last record included, so its head is H_end.
 *  @throws BullaError identity/pin-mismatch when the change names another identity chain than the one known here: nothing more may happen in this space until a person has looked */
export async function followEnd(
  primitives: Primitives,
  chapter: Chapter,
  cursor: Cursor,
  end: StreamEnd,
  context: FollowContext,
): Promise<Followed> {
  const { pending, me, pieceOf } = context;
  const { group } = chapter;
  // Only a record that opened in this very stream: the service could show the id and bytes of an earlier one again.
  const own =
    pending !== undefined && end.record !== undefined && equalBytes(pending.closingId, end.recordId)
      ? pending
      : undefined;
  if (group === undefined) {
    if (own === undefined) throw new BullaError("space/not-a-member", "only a member can follow a change");
    await checkParts(primitives, end, pieceOf);
    return winner(primitives, own, cursor, me);
  }
  const judged = await outerJudgement(primitives, { ...chapter, group }, end, context).catch((error: unknown) =>
    asRefusal(error),
  );
  if (judged.kind === "refused")
    return { kind: "retry", chapter: retryChapter(primitives, chapter, cursor.head), why: judged.why };
  if (judged.kind === "wait") return judged;
  // Judged like everybody else's: if the service lost a part of it, nobody else can follow either.
  if (own !== undefined) return winner(primitives, own, cursor, me);
  const { next, message, by } = judged;
  if (!deviceNamesOf(next).has(deviceName(me))) return { kind: "removed", by };
  let applied: Group | undefined;
  try {
    applied = await applyCommit(primitives, group, message, leafAuthority(context.book));
  } catch (why) {
    if (isBullaError(why, "space/refused-commit"))
      return { kind: "retry", chapter: retryChapter(primitives, chapter, cursor.head), why };
    return { kind: "complain", by, why };
  }
  if (applied === undefined) return { kind: "removed", by };
  try {
    checkRoster(context.book, next, leavesOf(applied));
  } catch (error) {
    return { kind: "retry", chapter: retryChapter(primitives, chapter, cursor.head), why: asRefusal(error).why };
  }
  return { kind: "next", chapter: await enterChapter(primitives, applied, next, cursor.head), own: false, by };
}

async function winner(
  primitives: Primitives,
  { group, constitution }: PendingChange,
  cursor: Cursor,
  by: MemberDevice,
): Promise<Followed> {
  return { kind: "next", chapter: await enterChapter(primitives, group, constitution, cursor.head), own: true, by };
}

/** What a device that comes in by itself can check of its own closing record. @throws BullaError space/refused-closing */
async function checkParts(primitives: Primitives, { record }: StreamEnd, pieceOf: PieceLookup): Promise<void> {
  if (record === undefined) throw refusedClosing("the stream ends with something else");
  const { commit, operations } = decodeClosing(record.content);
  await part(primitives, commit, pieceOf);
  await part(primitives, operations, pieceOf);
}

interface Judged {
  readonly kind: "valid";
  readonly next: Constitution;
  readonly message: Awaited<ReturnType<typeof inspectCommit>>;
  readonly by: MemberDevice;
}

type Refusal = { readonly kind: "refused"; readonly why: BullaError };

const refusedClosing = (why: string): BullaError =>
  new BullaError("space/refused-closing", `closing record refused: ${why}`);

/** Validity that every member of the old chapter judges alike: decoding, parts, signature, role, leaf set, bindings. No clock, no private key but what all share. */
async function outerJudgement(
  primitives: Primitives,
  chapter: Chapter & { readonly group: Group },
  { record }: StreamEnd,
  { book, pieceOf, headAt }: FollowContext,
): Promise<Judged | { readonly kind: "wait"; readonly wanted: readonly WantedChain[] }> {
  if (record === undefined) throw refusedClosing("the stream ends with something else");
  // First what needs no chain: who holds only the chapter key shall not keep members waiting, or alarm them, in the name of a member's device.
  const place = { ...chapter, kind: "closing" } as const;
  const { author, seen, head } = record.claims;
  const memberKey = authorKey(book, chapter.constitution, author);
  if (memberKey !== undefined) await verifySignedRecord(primitives, place, record, memberKey);
  else if (memberOf(chapter.constitution, author.handle) === undefined) throw refusedClosing("its author is no member");
  const content = decodeClosing(record.content);
  const operations = decodeOperations(await part(primitives, content.operations, pieceOf));
  const wanted = wantedChains(book, pinsOf(operations));
  if (wanted.length > 0) return { kind: "wait", wanted };
  const next = await applyOperations(primitives, book, chapter.constitution, operations);
  if (!equalBytes(constitutionHash(primitives, next), content.constitutionHash))
    throw refusedClosing("its operations lead to another constitution");
  if (memberKey === undefined) await verifyNewDevice(primitives, place, record, book, next);
  const ownHead = await headAt(seen);
  if (ownHead === undefined || !equalBytes(ownHead, head)) throw refusedClosing("its author saw another stream");
  const binding = commitBinding(primitives, bindingOf(primitives, next, { head, position: seen }));
  const commit = await part(primitives, content.commit, pieceOf);
  if (content.welcome !== null) await part(primitives, content.welcome, pieceOf);
  const message = await inspectCommit(primitives, commit, {
    group: chapter.group,
    old: chapter.constitution,
    next,
    book,
    committer: author,
    binding,
  });
  return { kind: "valid", next, message, by: author };
}

/** A device that comes in by itself signs as the new constitution pins it. */
async function verifyNewDevice(
  primitives: Primitives,
  place: SigningPlace,
  record: SignedRecord,
  book: ChainBook,
  next: Constitution,
): Promise<void> {
  const key = authorKey(book, next, record.claims.author);
  if (key === undefined) throw refusedClosing("its author is no member");
  await verifySignedRecord(primitives, place, record, key);
}

async function part(primitives: Primitives, reference: PartReference, pieceOf: PieceLookup): Promise<Uint8Array> {
  const object = await assemblePart(primitives, reference, pieceOf);
  if (object === undefined) throw refusedClosing("parts of it are missing");
  return object;
}

/** What makes a closing record none. An identity that differs from the one known here is no refusal but an alarm, and goes up. */
function asRefusal(error: unknown): Refusal {
  if (!isBullaError(error) || error.code === "identity/pin-mismatch" || error.code === "internal/bug") throw error;
  return { kind: "refused", why: error };
}
