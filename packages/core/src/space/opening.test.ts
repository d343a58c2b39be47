import { describe, expect, test } from "vitest";
import { makeOpening } from "./opening.ts";
import type { ReadOutcome } from "./read-record.ts";
import { craft } from "./testing/craft.fixture.ts";
import { falseOpening, lies } from "./testing/false-openings.fixture.ts";
import { catchUpAll, type Member, placeOf } from "./testing/member.fixture.ts";
import { present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

const group = async (...names: readonly string[]): Promise<[Member, Member, Member]> =>
  (await new World().group(names)) as [Member, Member, Member];
const openings = ({ outcomes }: Member, from: number): readonly ReadOutcome[] =>
  outcomes.slice(from).filter((outcome) => outcome.kind === "opening");

describe("an opening", () => {
  for (const { name, make } of lies) {
    test(`with ${name} is reported and passed over; a valid one by somebody who did not commit counts`, async () => {
      const [alice, bob, carol] = await group("alice", "bob", "carol");
      const before = bob.chapter;
      await alice.prepare();
      await alice.send();
      await bob.read();
      await bob.follow();
      await falseOpening(bob, make(bob.chapter, before), "members");
      const from = carol.outcomes.length;
      await carol.catchUp();
      expect(openings(carol, from)).toEqual([
        { kind: "opening", valid: false },
        { kind: "opening", valid: true },
      ]);
      await catchUpAll(alice, bob);
      expect(new Set([alice, bob, carol].map(placeOf)).size).toBe(1);
      expect(alice.cursor.openingSeen).toBe(true);
    });
  }

  test("whose parts are missing, or that is nothing but garbage, is reported and passed over", async () => {
    const [alice, bob, carol] = await group("alice", "bob", "carol");
    await alice.prepare();
    await alice.send();
    await bob.read();
    await bob.follow();
    const { world, me, device, chapter, cursor, book } = bob;
    bob.append(present((await makeOpening(world.primitives, me, device.secrets, chapter, cursor, book)).at(-1)));
    await bob.read();
    bob.append(await craft(bob, {}, { ...bob.chapter, kind: "opening" }));
    const from = carol.outcomes.length;
    await carol.catchUp();
    expect(openings(carol, from)).toEqual([
      { kind: "opening", valid: false },
      { kind: "opening", valid: false },
      { kind: "opening", valid: true },
    ]);
  });

  test("may come more than once and after other records", async () => {
    const [alice, bob, carol] = await group("alice", "bob", "carol");
    const from = alice.outcomes.length;
    await alice.prepare();
    await alice.send();
    for (const member of [bob, carol]) {
      await member.read();
      await member.follow();
    }
    bob.append(await bob.seal("before any opening"));
    await carol.open();
    await bob.read();
    await bob.open();
    await catchUpAll(alice, bob, carol);
    expect(alice.lines).toEqual(["bob: before any opening"]);
    expect(openings(alice, from)).toEqual(Array(2).fill({ kind: "opening", valid: true }));
  });
});
