import type * as mls from "ts-mls";
import type { Device } from "./ground.fixture.ts";
import { type Hostile, judge, type Verdict } from "./hostile-commit.fixture.ts";
import type { Member } from "./member.fixture.ts";
import { World } from "./world.fixture.ts";

/** One row of the scoreboard. */
export interface CommitAttack {
  readonly id: string;
  readonly attack: string;
  /** What the attacker makes of a scene. */
  make(scene: Scene): Promise<Hostile & { readonly by?: Member }>;
  run(): Promise<Verdict>;
}

/** Mallory is an owner, so that rights never hide another missing check; bob is the honest member who judges. Eve is enrolled and no member. */
export interface Scene {
  readonly world: World;
  readonly alice: Member;
  readonly bob: Member;
  readonly mallory: Member;
  readonly eve: Device;
  readonly suite: mls.CiphersuiteImpl;
}

export async function createScene(): Promise<Scene> {
  const world = new World();
  const [alice, bob, mallory] = (await world.group(["alice", "bob", "mallory"], "owner")) as [Member, Member, Member];
  for (const member of [bob, mallory])
    await member.rotate().then(() => Promise.all([alice, bob, mallory].map((other) => other.catchUp())));
  return { world, alice, bob, mallory, eve: await world.enrol("eve"), suite: world.primitives.mls };
}

export const attack = (
  id: string,
  words: string,
  make: (scene: Scene) => Promise<Hostile & { readonly by?: Member }>,
): CommitAttack => ({
  id: `commit-${id}`,
  attack: words,
  make,
  run: async () => {
    const scene = await createScene();
    const hostile = await make(scene);
    return judge(hostile.by ?? scene.mallory, scene.bob, hostile);
  },
});
