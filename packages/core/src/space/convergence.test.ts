import fc from "fast-check";
import { expect, test } from "vitest";
import { type Member, placeOf } from "./testing/member.fixture.ts";
import { present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

const actions = [
  "say",
  "say",
  "whisper",
  "rotate",
  "race",
  "add",
  "remove",
  "join",
  "lost-join",
  "resync",
  "crash-early",
  "crash-late",
  "garbage",
  "restart",
  "catch-up",
] as const;
interface Step {
  readonly action: (typeof actions)[number];
  readonly who: number;
  readonly other: number;
}

const step: fc.Arbitrary<Step> = fc.record({ action: fc.constantFrom(...actions), who: fc.nat(), other: fc.nat() });
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const numRuns = Number(process.env["RUNS"] ?? 15);

interface Scene {
  readonly world: World;
  readonly members: Member[];
  count: number;
}

const active = ({ members }: Scene): readonly Member[] => members.filter(({ standing }) => standing === "active");
const pick = (among: readonly Member[], index: number): Member => present(among[index % among.length]);

/** Some members act without having read the newest; that is part of the game. */
async function perform(scene: Scene, { action, who, other }: Step): Promise<void> {
  const { world, members } = scene;
  const member = pick(active(scene), who);
  const second = pick(active(scene), other);
  scene.count++;
  switch (action) {
    case "say":
      member.append(await member.seal(`${scene.count}`));
      return member.read();
    case "whisper":
      member.append(await member.whisper(`${scene.count}`));
      return;
    case "rotate":
      await member.rotate();
      return;
    case "race":
      if (member === second) return;
      await member.prepare();
      await second.rotate();
      await member.send();
      return member.catchUp();
    case "add":
      return addOne(scene, member);
    case "remove":
      if (active(scene).length < 3 || member.me.handle === second.me.handle) return;
      await member.catchUp();
      if (
        member.standing === "active" &&
        member.chapter.constitution.members.some(({ handle }) => handle === second.me.handle)
      )
        await member.remove(second.me.handle);
      return;
    case "join":
    case "lost-join":
    case "resync": {
      await member.catchUp();
      if (member.standing !== "active" || member.chapter.retry > 0) return;
      const device = action === "resync" ? member.device : await world.enrolSecond(member.device);
      const joiner = await world.prepareJoin(device, member.entry);
      if (action === "lost-join") await second.rotate();
      await joiner.send();
      await joiner.catchUp();
      if (joiner.standing !== "active" || joiner.chapter.group === undefined) return;
      members.push(joiner);
      if (action === "resync") members.splice(members.indexOf(member), 1);
      return;
    }
    case "crash-early":
    case "crash-late": {
      if (member.pending !== undefined) return;
      const { parts, closing, pending } = await member.prepare();
      member.pending = pending;
      for (const record of parts.slice(0, action === "crash-late" ? parts.length : other % parts.length))
        member.append(record);
      if (action === "crash-late") member.append(closing, true);
      return member.restart();
    }
    case "garbage":
      member.append(await member.seal("the end"), true);
      return;
    case "restart":
      return member.restart();
    case "catch-up":
      return member.catchUp();
  }
}

async function addOne({ world, members, count }: Scene, member: Member): Promise<void> {
  await member.catchUp();
  if (member.standing !== "active") return;
  const device = await world.enrol(`new${count}`);
  const published = await world.publish(device);
  const { pending } = await member.prepare({
    operations: [await member.addOperation(device, "owner")],
    add: [published.claimed],
  });
  await member.send();
  await member.catchUp();
  members.push(await world.welcome(device, published, member.entry, present(pending.welcome)));
}

/** What everybody can read back, from the later of two beginnings on. */
function history({ timeline }: Member, from: number): readonly string[] {
  return timeline.flatMap(({ number, text }) => (number >= from && !text.includes("~") ? [`${number} ${text}`] : []));
}

test(
  "whatever members do in whatever order, crashes and races included, all who are in end up at the same place with the same history",
  async () => {
    console.info(`seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
        const world = new World();
        const scene: Scene = { world, members: await world.group(["alice", "bob", "carol"], "owner"), count: 0 };
        for (const next of steps) await perform(scene, next);
        for (let round = 0; round < 2; round++) for (const member of scene.members) await member.catchUp();
        const staying = active(scene);
        expect(staying.length).toBeGreaterThan(0);
        expect(
          scene.members
            .map(({ standing }) => standing)
            .filter((standing) => standing !== "active" && standing !== "removed"),
        ).toEqual([]);
        expect(new Set(staying.map(placeOf)).size).toBe(1);
        for (const member of staying) {
          const from = Math.max(member.begins, pick(staying, 0).begins);
          expect(history(member, from)).toEqual(history(pick(staying, 0), from));
          expect(member.outcomes.some(({ kind }) => kind === "fork")).toBe(false);
        }
      }),
      { numRuns, seed, endOnFailure: true },
    );
  },
  numRuns * 4000,
);
