import type { ChainBook, OuterRecord } from "@bulla/core";
import { flipBit } from "@bulla/testkit";
import { decodeSignedStatement } from "@bulla/wire/identity";
import { type Conversation, showing } from "./conversation.ts";
import { lookInside, onlySpace } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { Row } from "./row.ts";
import { spread } from "./spread.ts";
import { product } from "./variant.ts";

/** How a chapter ends: a true change of Alice's, and what becomes of it on the way. */
export function closingFlipRows({
  inside,
  stage,
  bob,
  aliceInside,
  bobInside,
  space,
  whole,
}: Conversation): readonly Row[] {
  const { primitives } = bobInside;
  const { sid } = space.chapter.stream;

  /** Alice turns the key of the space. */
  const rotate = async (): Promise<readonly OuterRecord[]> => {
    const chains = new Map<string, Awaited<ReturnType<typeof inside.identity.verifyChain>>>();
    for (const { me, chain } of [aliceInside, bobInside])
      chains.set(me.handle, await inside.identity.verifyChain(primitives, me.handle, chain.map(decodeSignedStatement)));
    const book: ChainBook = { chainOf: (handle) => chains.get(handle) };
    const mine = aliceInside.spaces.find(({ chapter }) => Buffer.compare(chapter.stream.sid, sid) === 0);
    if (mine === undefined) throw new Error("alice is not in the space");
    const change = await inside.core.prepareChange(
      primitives,
      aliceInside.me,
      aliceInside.secrets,
      mine.chapter,
      mine.cursor,
      book,
      { operations: [], add: [] },
    );
    return [...whole.slice(0, mine.cursor.position), ...change.parts, change.closing];
  };
  /** Where Bob goes on. */
  const follow = async (records: readonly OuterRecord[], by: Inside): Promise<string> => {
    const victim = await stage.copy(bob);
    await showing(stage, sid, records, () => stage.receive(victim, by), {}, true);
    const { chapter, state } = onlySpace(await lookInside(inside, victim));
    return `${chapter.number}.${chapter.retry} ${state}`;
  };
  const { number } = space.chapter;
  const next = `${number + 1}.0 active`;
  // What was flipped for one reader only is another stream than the others': where somebody else has gone on, that is found out, and stops it.
  const retry = [`${number}.1 active`, `${number}.1 frozen`];

  return [
    {
      id: "bitflip-closings",
      attack: "flipped bits in every region of a closing record and the parts it names",
      seenAt: "MEGA, Icedrive, Seafile",
      run: async () => {
        const records = await rotate();
        const honest = await follow(records, inside);
        const got: string[] = [];
        const last = records.length - 1;
        for (const at of spread(records[last]?.body.length ?? 0, [0, 10, 60, -1]))
          got.push(await follow(flipped(records, last, at), inside));
        for (const at of [4, 100, -1]) got.push(await follow(flipped(records, last - 1, at), inside));
        const twin = await follow(flipped(records, last, -1), await product("noTags"));
        return {
          refused: honest === next && got.every((place) => retry.includes(place)),
          control: twin.startsWith(`${number + 1}.0`),
          why: `${honest} ${[...new Set(got)].join()} / ${twin}`,
        };
      },
    },
  ];
}

function flipped(records: readonly OuterRecord[], index: number, at: number): readonly OuterRecord[] {
  const record = records[index];
  if (record === undefined) throw new Error("there is no such record");
  return records.with(index, { ...record, body: flipBit(record.body, at) });
}
