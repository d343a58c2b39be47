import { equalBytes, hexOf } from "@bulla/wire";
import { expect, test } from "vitest";
import type { KeyringEntry } from "./join.ts";
import { readerChapter } from "./join.ts";
import { type PastChapter, readPastChapter } from "./past-chapter.ts";
import type { StoredEntry } from "./read-record.ts";
import { falseOpening, lies } from "./testing/false-openings.fixture.ts";
import type { Member } from "./testing/member.fixture.ts";
import { present } from "./testing/present.fixture.ts";
import { readWithKey } from "./testing/read-with-key.fixture.ts";
import { World } from "./testing/world.fixture.ts";

interface Scene {
  readonly world: World;
  readonly alice: Member;
  readonly bob: Member;
  readonly eve: Member;
  /** The chapter before the one they are in now. */
  readonly entry: KeyringEntry;
  readonly endsAt: Uint8Array;
}

/** Three say something in a chapter, which then ends; `before` happens right after it began. */
async function scene(before: (alice: Member, bob: Member) => Promise<void> = async () => undefined): Promise<Scene> {
  const world = new World();
  const [alice, bob, eve] = (await world.group(["alice", "bob", "eve"])) as [Member, Member, Member];
  await alice.prepare();
  await alice.send();
  await bob.read();
  await bob.follow();
  await before(alice, bob);
  for (const member of [alice, bob, eve]) await member.catchUp();
  const { entry } = alice;
  await alice.say("one");
  await bob.say("two");
  await eve.say("three");
  await alice.rotate();
  return { world, alice, bob, eve, entry, endsAt: alice.entry.previousEnd };
}

type Read = (sid: Uint8Array) => readonly StoredEntry[] | undefined;

/** With each opening in turn: what was said, or why it is refused. */
async function past(
  { world, alice, entry, endsAt }: Scene,
  shown: Read = (sid) => closedStream(world, sid),
): Promise<readonly string[]> {
  const { openings, pieceOf } = await readWithKey(world, entry);
  const { primitives, book } = world;
  const read = async ({ sid }: { readonly sid: Uint8Array }): Promise<readonly StoredEntry[] | undefined> => shown(sid);
  const results: string[] = [];
  for (const opening of openings) {
    const request = { entry, opening, pieceOf, book, me: alice.me, endsAt, read };
    results.push(
      await readPastChapter(primitives, request).then(words, (error: unknown) =>
        error instanceof Error ? error.message : String(error),
      ),
    );
  }
  return results;
}

function closedStream({ service }: World, sid: Uint8Array): readonly StoredEntry[] | undefined {
  const { entries, closed } = service.read(sid);
  return closed ? entries : undefined;
}

function words(read: PastChapter): string {
  if (read.kind === "wait") return "wait";
  return read.said.map(({ content }) => new TextDecoder().decode(content)).join(" ");
}

const elsewhere = "history refused: it does not lead to where the space is now";

test("a chapter that is over reads the same with nothing but its key, and says who ended it", async () => {
  const made = await scene();
  expect(await past(made)).toEqual(["one two three"]);
});

test("through a closing record that was none it goes on in the retry stream", async () => {
  const made = await scene();
  const { alice, bob, eve, world } = made;
  const { entry } = alice;
  await alice.say("four");
  await bob.catchUp();
  bob.append(await bob.seal("rubbish"), true);
  for (const member of [alice, bob, eve]) await member.catchUp();
  await eve.say("five");
  await alice.rotate();
  const scenes = { ...made, entry, endsAt: alice.entry.previousEnd };
  expect(await past(scenes)).toEqual(["four rubbish five"]);
  expect(world.service.streams.size).toBeGreaterThan(4);
});

test("records that were withheld, or that nobody saw, lead elsewhere and are refused; so does another order", async () => {
  const made = await scene();
  const { world } = made;
  for (const change of [
    (entries: readonly StoredEntry[]) => entries.slice(0, -1),
    (entries: readonly StoredEntry[]) => entries.toSpliced(3, 1),
    (entries: readonly StoredEntry[]) => [...entries, present(entries[0])],
    (entries: readonly StoredEntry[]) => entries.toReversed(),
  ])
    expect(
      await past(made, (sid) => {
        const entries = closedStream(world, sid);
        return entries && change(entries);
      }),
    ).toEqual([elsewhere]);
});

test("records whose bodies have expired are left out, and the rest still reads", async () => {
  const made = await scene();
  const { world, entry } = made;
  const { stream } = await reader(made);
  const at = closedStream(world, stream.sid)?.length ?? 0;
  // The closing record and its parts go first.
  for (let position = at - 3; position < at; position++) world.service.expire(stream.sid, position);
  expect(await past(made)).toEqual(["one two three"]);
  expect(equalBytes(entry.key, made.alice.entry.key)).toBe(false);
});

for (const { name, make } of lies) {
  test(`an opening with ${name} that a member made up for those who come later is refused, and the true one still reads; its records alone would not tell`, async () => {
    const made = await scene(async (_, bob) => {
      const before = bob.chapter;
      await falseOpening(bob, make(bob.chapter, before), "newcomers");
    });
    const results = await past(made);
    // Where the lie does not change ctx, the constitution is the true one all the same.
    expect(results).toContain("one two three");
    if (name.includes("constitution")) {
      expect(results[0]).toBe(elsewhere);
      // The control: without the end that is known, this opening is taken.
      const { openings, pieceOf } = await readWithKey(made.world, made.entry);
      const taken = await readerChapter(
        made.world.primitives,
        made.entry,
        present(openings[0]),
        pieceOf,
        made.world.book,
      );
      expect(taken.kind).toBe("joined");
    }
  });
}

async function reader({ world, entry }: Scene): Promise<{ readonly stream: { readonly sid: Uint8Array } }> {
  const { openings, pieceOf } = await readWithKey(world, entry);
  const joined = await readerChapter(world.primitives, entry, present(openings[0]), pieceOf, world.book);
  if (joined.kind === "wait") throw new Error(`wait in ${hexOf(entry.space)}`);
  return joined.chapter;
}
