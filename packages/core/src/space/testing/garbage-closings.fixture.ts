import { parseHandle } from "@bulla/wire";
import { bindingOf, sealChange } from "../change.ts";
import { nextCounter } from "../chapter.ts";
import { encodeClosing } from "../closing.ts";
import { commitBinding } from "../commit-binding.ts";
import { constitutionHash } from "../constitution.ts";
import { encodeOperations, type SignedOperation } from "../operation.ts";
import { type OuterRecord, wrapRecord } from "../outer-record.ts";
import { sealParts } from "../parts.ts";
import { craft } from "./craft.fixture.ts";
import { bindingFor, craftCommit, nextOf } from "./hostile-commit.fixture.ts";
import type { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";

/** A way to end a stream with something that is no closing record. */
export interface GarbageClosing {
  readonly name: string;
  /** Appends what comes before, and returns the last record. */
  make(attacker: Member): Promise<OuterRecord>;
}

/** A closing record as the engine makes it, around any operations and commit. */
export async function closingOf(
  member: Member,
  operations: readonly SignedOperation[],
  commit: Uint8Array,
  next = member.chapter.constitution,
): ReturnType<typeof sealChange> {
  const committed = { group: present(member.chapter.group), commit, welcome: undefined };
  return sealChange(
    member.world.primitives,
    member.me,
    member.device.secrets,
    member.chapter,
    member.cursor,
    next,
    operations,
    committed,
  );
}

const sent = async (member: Member, made: ReturnType<typeof sealChange>): Promise<OuterRecord> => {
  const { parts, closing } = await made;
  for (const record of parts) member.append(record);
  return closing;
};

/** An honest rotation with one thing about its closing record changed. */
async function rotation(
  member: Member,
  change: {
    readonly hash?: Uint8Array;
    readonly head?: Uint8Array;
    readonly seen?: number;
    readonly operations?: Uint8Array;
    readonly commit?: Uint8Array;
    readonly author?: Member["me"];
  },
): Promise<OuterRecord> {
  const { world, chapter, cursor } = member;
  const { primitives } = world;
  const next = await nextOf(member, {});
  const commit = await sealParts(primitives, chapter.stream, chapter, change.commit ?? (await craftCommit(member)));
  const operations = await sealParts(primitives, chapter.stream, chapter, change.operations ?? encodeOperations([]));
  for (const record of [...commit.records, ...operations.records]) member.append(record);
  const content = encodeClosing({
    commit: commit.reference,
    operations: operations.reference,
    welcome: null,
    constitutionHash: change.hash ?? constitutionHash(primitives, next),
    answers: [],
  });
  const author = change.author ?? member.me;
  const claims = {
    author,
    counter: nextCounter(cursor, author),
    seen: change.seen ?? cursor.position,
    head: change.head ?? cursor.head,
  };
  return craft(member, claims, { ...chapter, kind: "closing" }, content);
}

/** An operation that any holder of the chapter key can write down, with a signature that is none. */
async function unsigned(
  member: Member,
  handle: Member["me"]["handle"],
  pin: { readonly position: number; readonly hash: Uint8Array },
): Promise<Uint8Array> {
  const signed = await member.sign({ kind: "setDevices", handle, pin, devices: [member.me.deviceId] });
  return encodeOperations([
    { ...signed, signatures: signed.signatures.map(({ device }) => ({ device, signature: new Uint8Array(64) })) },
  ]);
}

export const garbageClosings: readonly GarbageClosing[] = [
  {
    name: "random bytes",
    make: async ({ world: { primitives } }) => ({ recordId: primitives.random(16), body: primitives.random(1024) }),
  },
  {
    name: "random bytes under the right keys",
    make: ({ world: { primitives }, chapter }) =>
      wrapRecord(primitives, chapter.stream, { kind: "closing", sealed: primitives.random(500) }),
  },
  { name: "a lasting record", make: (member) => member.seal("the end") },
  {
    name: "a part",
    make: async ({ world, chapter }) =>
      present((await sealParts(world.primitives, chapter.stream, chapter, new Uint8Array(9))).records[0]),
  },
  { name: "a closing record whose parts are missing", make: async (member) => (await member.prepare()).closing },
  {
    name: "a closing record of which one part is missing",
    make: async (member) => {
      const { parts, closing } = await member.prepare();
      member.append(present(parts[0]));
      return closing;
    },
  },
  {
    name: "a closing record with content that is none",
    make: (member) => craft(member, {}, { ...member.chapter, kind: "closing" }),
  },
  {
    name: "a closing record in another member's name",
    make: (member) =>
      rotation(member, {
        author: present(
          member.chapter.constitution.members
            .map(({ handle, devices }) => ({ handle, deviceId: present(devices[0]) }))
            .find(({ handle }) => handle !== member.me.handle),
        ),
      }),
  },
  {
    name: "a closing record of a device that its account does not have",
    make: (member) => rotation(member, { author: { handle: member.me.handle, deviceId: new Uint8Array(16) } }),
  },
  {
    name: "an operation that its signer has no right to",
    make: async (member) => {
      const eve = await member.world.enrol(`eve${member.chapter.retry}`);
      const operations = [await member.addOperation(eve, "owner")];
      return sent(member, closingOf(member, operations, new Uint8Array(9)));
    },
  },
  { name: "a hash of another constitution", make: (member) => rotation(member, { hash: new Uint8Array(32) }) },
  {
    name: "another head, to which its commit is bound as well",
    make: async (member) => {
      const { primitives } = member.world;
      const head = new Uint8Array(32);
      const bound = bindingOf(primitives, await nextOf(member, {}), { ...member.cursor, head });
      return rotation(member, {
        head,
        commit: await craftCommit(member, { authenticatedData: commitBinding(primitives, bound) }),
      });
    },
  },
  {
    name: "a call for an unknown chain by somebody who is no member",
    make: async (member) => {
      const stranger = { handle: parseHandle("stranger@home.example"), deviceId: member.me.deviceId };
      return rotation(member, {
        author: stranger,
        operations: await unsigned(member, stranger.handle, { position: 9, hash: new Uint8Array(32) }),
      });
    },
  },
  { name: "a place in the stream that does not exist", make: (member) => rotation(member, { seen: 1000 }) },
  {
    name: "a commit that is none",
    make: (member) => rotation(member, { commit: member.world.primitives.random(300) }),
  },
  {
    name: "operations that are none",
    make: (member) => rotation(member, { operations: member.world.primitives.random(300) }),
  },
  {
    name: "another's valid commit bound to another head",
    make: async (member) =>
      rotation(member, {
        commit: await craftCommit(member, { authenticatedData: (await bindingFor(member)).slice().reverse() }),
      }),
  },
  {
    name: "a forged call for a chain that nobody has",
    make: async (member) => {
      const other = present(member.chapter.constitution.members.find(({ handle }) => handle !== member.me.handle));
      return rotation(member, {
        author: { handle: other.handle, deviceId: present(other.devices[0]) },
        operations: await unsigned(member, other.handle, { position: 1000, hash: new Uint8Array(32) }),
      });
    },
  },
  {
    name: "a forged alarm about another's chain",
    make: async (member) => {
      const other = present(member.chapter.constitution.members.find(({ handle }) => handle !== member.me.handle));
      return rotation(member, {
        author: { handle: other.handle, deviceId: present(other.devices[0]) },
        operations: await unsigned(member, other.handle, { position: 1, hash: new Uint8Array(32) }),
      });
    },
  },
];
