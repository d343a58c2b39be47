import { expect, test } from "vitest";
import { GroupCommit } from "./group-commit.ts";

test("what is added in one turn is one commit, answered in order", async () => {
  const groups: number[][] = [];
  const commits = new GroupCommit(async (changes: readonly number[]) => {
    groups.push([...changes]);
    return changes.map((change) => change * 10);
  });
  expect(await Promise.all([1, 2, 3].map((change) => commits.add(change)))).toEqual([10, 20, 30]);
  expect(await commits.add(4)).toBe(40);
  expect(groups).toEqual([[1, 2, 3], [4]]);
});

test("when a commit fails everything in it is refused, and the next one goes on", async () => {
  let fail = true;
  const commits = new GroupCommit(async (changes: readonly number[]) => {
    if (fail) throw new Error("disk");
    return changes;
  });
  const results = await Promise.allSettled([commits.add(1), commits.add(2)]);
  expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fail = false;
  expect(await commits.add(3)).toBe(3);
});

test("nothing is answered before its commit is done, and draining waits for all", async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const commits = new GroupCommit(async (changes: readonly number[]) => {
    await held;
    return changes;
  });
  let answered = 0;
  for (const change of [1, 2]) void commits.add(change).then(() => answered++);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(answered).toBe(0);
  release();
  await commits.drain();
  expect(answered).toBe(2);
});
