import { equalBytes, hexOf } from "@bulla/wire";
import type { ChainBook, WantedChain } from "../chain-book.ts";
import {
  type Change,
  decodePending,
  encodePending,
  type PendingChange,
  type PreparedChange,
  prepareChange,
} from "../change.ts";
import {
  type Chapter,
  type Cursor,
  decodeChapter,
  decodeCursor,
  encodeChapter,
  encodeCursor,
  startCursor,
} from "../chapter.ts";
import { constitutionHash, memberOf, type Role } from "../constitution.ts";
import { type Followed, followEnd, type StreamEnd } from "../follow.ts";
import { newestPin } from "../found.ts";
import type { KeyringEntry } from "../join.ts";
import { deviceName, type MemberDevice } from "../member-device.ts";
import { makeOpening } from "../opening.ts";
import { approveOperation, type OperationBody, type SignedOperation, signOperation } from "../operation.ts";
import type { OuterRecord } from "../outer-record.ts";
import { type ReadOutcome, readRecord } from "../read-record.ts";
import { sealFleeting, sealLasting } from "../say.ts";
import type { Device, Ground, Published } from "./ground.fixture.ts";
import { present, text, utf8 } from "./present.fixture.ts";

export interface Newcomer {
  readonly device: Device;
  readonly published: Published;
  readonly role: Role;
}

export interface Line {
  readonly number: number;
  readonly text: string;
}

/** One device in one space, as the client engine will drive it: reads, follows, goes on in retry streams, opens chapters that nobody opened. */
export class Member {
  readonly world: Ground<Member>;
  readonly device: Device;
  /** The first chapter that it read. */
  readonly begins: number;
  book: ChainBook;
  chapter: Chapter;
  cursor: Cursor;
  /** Made, not sent. */
  prepared: PreparedChange | undefined;
  pending: PendingChange | undefined;
  standing: "active" | "removed" | "waiting" | "complaining" | "forked" | "shut-out" = "active";
  wanted: readonly WantedChain[] = [];
  /** What was said, in order. */
  readonly timeline: Line[] = [];
  /** All outcomes of reading, in order. */
  readonly outcomes: ReadOutcome[] = [];
  /** What came of each end of a stream. */
  readonly ends: Followed[] = [];
  /** Store everything and load it again after each step. */
  forgetful = false;
  heads: Uint8Array[] = [];
  end: StreamEnd | undefined;
  readonly pieces: Map<string, Uint8Array> = new Map();
  readonly signatures: Map<string, Uint8Array> = new Map();

  constructor(world: Ground<Member>, device: Device, chapter: Chapter) {
    this.world = world;
    this.device = device;
    this.begins = chapter.number;
    this.book = world.book;
    this.chapter = chapter;
    this.cursor = startCursor(world.primitives, chapter);
    this.heads = [this.cursor.head];
  }

  get me(): MemberDevice {
    return this.device.me;
  }

  get sid(): Uint8Array {
    return this.chapter.stream.sid;
  }

  get lines(): readonly string[] {
    return this.timeline.map((line) => line.text);
  }

  get entry(): KeyringEntry {
    const { space, number, key, previousEnd } = this.chapter;
    return { space, number, key, previousEnd };
  }

  get followContext(): Parameters<typeof followEnd>[4] {
    const { me, book, pending } = this;
    return {
      me,
      book,
      pending,
      pieceOf: async (id) => this.pieces.get(hexOf(id)),
      headAt: async (position) => this.heads[position],
    };
  }

  /** Read what the stream holds and nothing more. */
  async read(): Promise<void> {
    const { pieceOf, headAt } = this.followContext;
    const signatureAt = async (author: MemberDevice, counter: number): Promise<Uint8Array | undefined> =>
      this.signatures.get(`${deviceName(author)} ${counter}`);
    for (const entry of this.world.service.read(this.sid, this.cursor.position).entries) {
      const { outcome, cursor } = await readRecord(this.world.primitives, this.chapter, this.cursor, entry, {
        book: this.book,
        me: this.me,
        pieceOf,
        headAt,
        signatureAt,
      });
      this.cursor = cursor;
      this.heads[cursor.position] = cursor.head;
      this.outcomes.push(outcome);
      this.end = { recordId: entry.recordId, record: outcome.kind === "closing" ? outcome.record : undefined };
      this.keep(outcome);
      if (this.forgetful) this.restart();
      if (this.standing === "forked") return;
    }
  }

  private keep(outcome: ReadOutcome): void {
    const { number } = this.chapter;
    if (outcome.kind === "part") this.pieces.set(hexOf(outcome.recordId), outcome.piece);
    if (outcome.kind === "fork") this.standing = "forked";
    if (outcome.kind === "fleeting") {
      this.chapter = { ...this.chapter, group: outcome.group };
      this.timeline.push({ number, text: `${nameOf(outcome.author)}~ ${text(outcome.content)}` });
    }
    if (outcome.kind === "said") {
      this.signatures.set(`${deviceName(outcome.author)} ${outcome.counter}`, outcome.signatureHash);
      this.timeline.push({ number, text: `${nameOf(outcome.author)}: ${text(outcome.content)}` });
    }
  }

  /** Read, follow and open until there is nothing left to do. */
  async catchUp(): Promise<void> {
    for (;;) {
      await this.read();
      if (this.standing === "forked" || this.standing === "removed") return;
      if (!this.world.service.read(this.sid).closed) {
        if (this.cursor.openingSeen || this.chapter.group === undefined) return;
        await this.open();
      } else if (!(await this.follow())) return;
    }
  }

  async follow(): Promise<boolean> {
    if (
      this.chapter.group === undefined &&
      !equalBytes(this.pending?.closingId ?? new Uint8Array(), present(this.end).recordId)
    ) {
      this.standing = "shut-out";
      return false;
    }
    const followed = await followEnd(
      this.world.primitives,
      this.chapter,
      this.cursor,
      present(this.end, "an end"),
      this.followContext,
    );
    this.ends.push(followed);
    if (followed.kind === "next" || followed.kind === "retry") {
      const authors = followed.kind === "retry" ? this.cursor.authors : [];
      if (followed.kind === "next") this.signatures.clear();
      this.chapter = followed.chapter;
      this.cursor = startCursor(this.world.primitives, followed.chapter, authors);
      this.heads = [this.cursor.head];
      this.pieces.clear();
      this.end = undefined;
      this.pending = undefined;
      this.standing = "active";
      if (this.forgetful) this.restart();
      return true;
    }
    this.standing = followed.kind === "wait" ? "waiting" : followed.kind === "removed" ? "removed" : "complaining";
    this.wanted = followed.kind === "wait" ? followed.wanted : [];
    return false;
  }

  /** Forget all but what a store would hold. */
  restart(): void {
    this.chapter = decodeChapter(this.world.primitives, encodeChapter(this.chapter));
    this.cursor = decodeCursor(encodeCursor(this.cursor));
    if (this.pending !== undefined) this.pending = decodePending(encodePending(this.pending));
  }

  async open(): Promise<void> {
    for (const record of await makeOpening(
      this.world.primitives,
      this.me,
      this.device.secrets,
      this.chapter,
      this.cursor,
      this.book,
    ))
      this.append(record);
  }

  append(record: OuterRecord, close = false): ReturnType<Ground<Member>["service"]["append"]> {
    return this.world.service.append(this.sid, record, close);
  }

  async seal(words: string, queued = 0): Promise<OuterRecord> {
    return sealLasting(
      this.world.primitives,
      this.me,
      this.device.secrets,
      this.chapter,
      this.cursor,
      queued,
      utf8(words),
    );
  }

  async say(words: string): Promise<void> {
    await this.catchUp();
    this.append(await this.seal(words));
    await this.catchUp();
  }

  async whisper(words: string): Promise<OuterRecord> {
    const { record, group } = await sealFleeting(this.world.primitives, this.chapter, this.book, utf8(words));
    this.chapter = { ...this.chapter, group };
    return record;
  }

  /** Sign an operation on the space as this member sees it now. */
  async sign(body: OperationBody, { basis }: { readonly basis?: Uint8Array } = {}): Promise<SignedOperation> {
    const { space, constitution } = this.chapter;
    const operation = {
      version: 1,
      space,
      basis: basis ?? constitutionHash(this.world.primitives, constitution),
      body,
    };
    return signOperation(this.world.primitives, this.me, this.device.secrets, operation);
  }

  async approve(signed: SignedOperation): Promise<SignedOperation> {
    return approveOperation(this.world.primitives, this.me, this.device.secrets, signed);
  }

  signLeave(): Promise<SignedOperation> {
    const since = present(memberOf(this.chapter.constitution, this.me.handle)).since;
    return this.sign({ kind: "leave", handle: this.me.handle, since }, { basis: new Uint8Array(32) });
  }

  /** A change of which this device does not know yet whether it won is resolved first: nobody can process a commit of its own. */
  async prepare(change: Partial<Change> = {}): Promise<PreparedChange> {
    if (this.pending !== undefined) await this.catchUp();
    this.prepared = await prepareChange(
      this.world.primitives,
      this.me,
      this.device.secrets,
      this.chapter,
      this.cursor,
      this.book,
      { operations: [], add: [], ...change },
    );
    return this.prepared;
  }

  /** Send what was prepared; safe to do again. */
  async send(): Promise<ReturnType<Ground<Member>["service"]["append"]>> {
    const { parts, closing, pending } = present(this.prepared, "a prepared change");
    this.pending = pending;
    if (this.forgetful) this.restart();
    for (const record of parts) this.append(record);
    return this.append(closing, true);
  }

  /** Prepare, send, catch up. True when it is this change that ended the chapter. */
  async change(change: Partial<Change> = {}): Promise<boolean> {
    await this.prepare(change);
    await this.send();
    await this.catchUp();
    const end = this.ends.at(-1);
    return end?.kind === "next" && end.own;
  }

  rotate(): Promise<boolean> {
    return this.change();
  }

  async remove(...handles: readonly string[]): Promise<boolean> {
    const operations: SignedOperation[] = [];
    for (const { handle } of this.chapter.constitution.members)
      if (handles.includes(handle)) operations.push(await this.sign({ kind: "removeMember", handle }));
    return this.change({ operations });
  }

  async addOperation({ me }: Device, role: Role): Promise<SignedOperation> {
    return this.sign({
      kind: "addMember",
      handle: me.handle,
      role,
      pin: newestPin(this.book, me.handle),
      devices: [me.deviceId],
    });
  }

  /** Add new members and let them in. */
  async add(newcomers: readonly Newcomer[]): Promise<Member[]> {
    const operations: SignedOperation[] = [];
    for (const { device, role } of newcomers) operations.push(await this.addOperation(device, role));
    const { pending } = await this.prepare({ operations, add: newcomers.map(({ published }) => published.claimed) });
    await this.send();
    await this.catchUp();
    const { entry } = this;
    return Promise.all(
      newcomers.map(({ device, published }) =>
        this.world.welcome(device, published, entry, present(pending.welcome, "a Welcome")),
      ),
    );
  }

  /** Bring a member's devices to the newest place of its chain. */
  async setDevices(handle: MemberDevice["handle"], devices: readonly Uint8Array[]): Promise<SignedOperation> {
    return this.sign({ kind: "setDevices", handle, pin: newestPin(this.book, handle), devices });
  }
}

function nameOf({ handle }: MemberDevice): string {
  return handle.split("@")[0] ?? "";
}

export async function catchUpAll(...members: readonly Member[]): Promise<void> {
  for (const member of members) await member.catchUp();
}

/** Where a member stands, in one comparable value. */
export function placeOf({ chapter, world }: Member): string {
  return `${hexOf(chapter.stream.sid)} ${hexOf(constitutionHash(world.primitives, chapter.constitution))}`;
}
