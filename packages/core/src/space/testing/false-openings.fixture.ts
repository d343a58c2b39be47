import type { Chapter } from "../chapter.ts";
import { chapterContext } from "../chapter-keys.ts";
import { constitutionHash } from "../constitution.ts";
import { type Group, transcriptOf } from "../group.ts";
import { makeOpening } from "../opening.ts";
import type { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";

/** An opening that is not what its author's epoch says. For newcomers the author also signs it for the context that it pretends. */
export async function falseOpening(
  member: Member,
  change: Partial<Chapter>,
  audience: "members" | "newcomers",
): Promise<void> {
  const { world, me, device, cursor, book } = member;
  const chapter = { ...member.chapter, ...change };
  const constitution = constitutionHash(world.primitives, chapter.constitution);
  const pretended = chapterContext(world.primitives, {
    ...chapter,
    transcript: transcriptOf(present(chapter.group)),
    constitution,
  });
  const context = audience === "newcomers" ? pretended : chapter.context;
  for (const record of await makeOpening(world.primitives, me, device.secrets, { ...chapter, context }, cursor, book))
    member.append(record);
}

export function withState(chapter: Chapter, change: Partial<Group["state"]>): Group {
  const { state } = present(chapter.group);
  return { state: { ...state, ...change } };
}

/** Every way in which a member can lie about its epoch. */
export const lies: readonly { readonly name: string; make(chapter: Chapter, before: Chapter): Partial<Chapter> }[] = [
  {
    name: "another constitution",
    make: ({ constitution }) => ({ constitution: { ...constitution, home: "evil.example" } }),
  },
  {
    name: "a constitution that makes its author an owner",
    make: ({ constitution }) => ({
      constitution: { ...constitution, members: constitution.members.map((member) => ({ ...member, role: "owner" })) },
    }),
  },
  {
    name: "another external_pub",
    make: (chapter) => ({
      group: withState(chapter, {
        keySchedule: { ...present(chapter.group).state.keySchedule, externalSecret: new Uint8Array(64) },
      }),
    }),
  },
  { name: "another epoch", make: (_, before) => ({ group: before.group }) },
  {
    name: "another confirmation tag",
    make: (chapter) => ({ group: withState(chapter, { confirmationTag: new Uint8Array(64) }) }),
  },
  { name: "another end of the stream before", make: () => ({ previousEnd: new Uint8Array(32) }) },
];
