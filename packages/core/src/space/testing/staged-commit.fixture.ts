import { hexOf, parseHandle } from "@bulla/wire";
import type { VerifiedChain } from "@bulla/wire/identity";
import type { Chapter } from "../chapter.ts";
import type { StreamSecrets } from "../chapter-keys.ts";
import type { OuterRecord } from "../outer-record.ts";
import type { Scene } from "./attack-scene.fixture.ts";
import { commitAttacks } from "./commit-attacks.fixture.ts";
import type { Device } from "./ground.fixture.ts";
import { sealHostile } from "./hostile-commit.fixture.ts";
import { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";
import { World } from "./world.fixture.ts";

/** Somebody with a real account and device, and what it holds of the space. */
export interface Actor extends Device {
  readonly chain: VerifiedChain;
  /** Absent for whoever is no member. */
  readonly chapter?: Chapter;
}

export interface Cast {
  readonly alice: Actor;
  readonly bob: Actor;
  readonly mallory: Actor;
  readonly eve: Actor;
  /** What the stream of their chapter holds. */
  readonly records: readonly OuterRecord[];
}

/** A commit attack, ready to be carried out against a real service and whoever reads there. */
export interface StagedCommit {
  /** Identity chains as they stand then. */
  readonly chains: ReadonlyMap<string, VerifiedChain>;
  /** Streams from the cast's chapter on, with all that lies in them before the last blow; all but the last are closed. */
  readonly streams: readonly { readonly stream: StreamSecrets; readonly records: readonly OuterRecord[] }[];
  /** What ends the last stream: the attack, and the same with the one thing put right. */
  readonly hostile: readonly OuterRecord[];
  readonly twin: readonly OuterRecord[] | undefined;
  /** The chapter in which it happens. */
  readonly number: number;
}

/** Let Mallory, who is a member with a home of her own, prepare an attack of `commitAttacks`. Nothing here touches the victim. */
export async function stageCommit(id: string, cast: Cast): Promise<StagedCommit> {
  const attack = present(
    commitAttacks.find((candidate) => candidate.id === id),
    "an attack of that name",
  );
  const scene = await sceneOf(cast);
  const { by, ...hostile } = await attack.make(scene);
  const attacker = by ?? scene.mallory;
  const visited = [
    present(cast.bob.chapter),
    ...scene.bob.ends.flatMap((end) => (end.kind === "next" || end.kind === "retry" ? [end.chapter] : [])),
  ];
  const { twin } = hostile;
  return {
    chains: scene.world.chains,
    streams: visited.map(({ stream }) => ({ stream, records: recordsIn(scene.world, stream.sid) })),
    hostile: inOrder(await sealHostile(attacker, scene.bob, hostile)),
    twin: twin === undefined ? undefined : inOrder(await sealHostile(attacker, scene.bob, twin)),
    number: scene.bob.chapter.number,
  };
}

async function sceneOf({ alice, bob, mallory, eve, records }: Cast): Promise<Scene> {
  const world = new World();
  for (const { me, chain } of [alice, bob, mallory, eve]) world.chains.set(parseHandle(me.handle), chain);
  for (const record of records) world.service.append(present(bob.chapter).stream.sid, record);
  const enter = async ({ me, secrets, chapter }: Actor): Promise<Member> => {
    const member = new Member(world, { me, secrets }, present(chapter));
    await member.catchUp();
    return member;
  };
  return {
    world,
    alice: await enter(alice),
    bob: await enter(bob),
    mallory: await enter(mallory),
    eve: { me: eve.me, secrets: eve.secrets },
    suite: world.primitives.mls,
  };
}

function recordsIn(world: World, sid: Uint8Array): readonly OuterRecord[] {
  return (world.service.streams.get(hexOf(sid))?.entries ?? []).flatMap((entry) =>
    entry.kind === "record" ? [{ recordId: entry.recordId, body: entry.body }] : [],
  );
}

function inOrder({ parts, closing }: Awaited<ReturnType<typeof sealHostile>>): readonly OuterRecord[] {
  return [...parts, closing];
}
