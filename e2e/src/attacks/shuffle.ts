import type { OuterRecord } from "@bulla/core";
import type { Conversation } from "./conversation.ts";
import { openRecord } from "./forge.ts";
import { lookInside, onlySpace, storedRecords } from "./inner-view.ts";
import type { Inside } from "./inside.ts";
import type { SwapName } from "./permissive.ts";
import type { Outcome, Row } from "./row.ts";
import { gotFile } from "./stage.ts";
import { product } from "./variant.ts";

/** True records at the wrong place, time or number. */
export function shuffleRows(conversation: Conversation): readonly Row[] {
  const { inside, stage, bob, alice, carol, read, unread, later, show, forge } = conversation;
  const [first, second, third] = unread.map(({ outer }) => outer) as [OuterRecord, OuterRecord, OuterRecord];

  /** How the space stands for a device that was shown these records: `frozen` once it has noticed two worlds. */
  const stateAfter = async (records: readonly OuterRecord[], by: Inside): Promise<string> => {
    const copy = await stage.copy(bob);
    await show(copy, records, by);
    return onlySpace(await lookInside(inside, copy)).state;
  };
  const judgeFork = async (records: readonly OuterRecord[], ...swaps: readonly SwapName[]): Promise<Outcome> => {
    const honest = await stateAfter([...read, first, second, third, later], inside);
    const lied = await stateAfter(records, inside);
    const twin = await stateAfter(records, await product(...swaps));
    return {
      refused: honest === "active" && lied === "frozen",
      control: twin === "active",
      why: `${honest} ${lied} / ${twin}`,
    };
  };
  const timesFirst = (got: Awaited<ReturnType<typeof show>>): number =>
    got.views.filter((view) => view.kind === "file" && view.name.startsWith("invoice")).length;

  return [
    {
      id: "shuffle-replay",
      attack: "a record is shown again at the end",
      seenAt: "Threema, Telegram",
      run: async () => {
        const replay = async (by: Inside): Promise<number> => {
          const victim = await stage.copy(bob);
          const before = await show(victim, [...read, first, second, third], by);
          return timesFirst(before) + timesFirst(await show(victim, [...read, first, second, third, first], by));
        };
        const [got, twin] = [
          await replay(inside),
          await replay(await product("noCounters", "noHeads", "transfersTwice")),
        ];
        return { refused: got === 1, control: twin === 2, why: `${got} / ${twin}` };
      },
    },
    {
      id: "shuffle-duplicate",
      attack: "a record is shown twice in a row",
      seenAt: "Threema, Telegram",
      run: () => judgeFork([...read, first, first, second, third], "noHeads"),
    },
    {
      id: "shuffle-reorder",
      attack: "two records change places",
      seenAt: "Threema, Telegram",
      run: () => judgeFork([...read, second, first, third, later], "noHeads"),
    },
    {
      id: "shuffle-withhold",
      attack: "a record is left out",
      seenAt: "Threema, Telegram",
      run: () => judgeFork([...read, first, third, later], "noHeads"),
    },
    {
      id: "shuffle-move",
      attack: "a record of another space is shown, as it is and sealed anew by somebody with the chapter key",
      seenAt: "Threema, Telegram",
      run: async () => {
        const theirs = await lookInside(inside, carol);
        const elsewhere = onlySpace(theirs);
        const records = storedRecords(stage.dataFolder, elsewhere.chapter.stream.sid);
        const moved: OuterRecord[] = [];
        for (const record of records) {
          const opened = await openRecord(inside, theirs.primitives, elsewhere, record).catch(() => undefined);
          if (opened?.claims.author.handle === alice.handle) moved.push(record, await forge(opened));
        }
        const shown = [...read, ...moved];
        const got = await show(await stage.copy(bob), shown);
        const twin = await show(
          await stage.copy(bob),
          shown,
          await product("noRecordSignatures", "noHeads", "noCounters"),
        );
        return {
          refused: moved.length > 1 && !gotFile(got, "secret.txt") && got.error === undefined,
          control: gotFile(twin, "secret.txt"),
          why: `${got.error} / ${twin.error}`,
        };
      },
    },
  ];
}
