import { type CommitAttack, createScene } from "./attack-scene.fixture.ts";
import { external, externalCommitAttacks, phoneOf } from "./external-commit-attacks.fixture.ts";
import { craftCommit, inspect } from "./hostile-commit.fixture.ts";
import { adding, removing } from "./hostile-leaf.fixture.ts";
import { leafAttacks } from "./leaf-attacks.fixture.ts";
import { memberCommitAttacks } from "./member-commit-attacks.fixture.ts";
import { present } from "./present.fixture.ts";

export type { CommitAttack } from "./attack-scene.fixture.ts";

/** Every rule on commits, and the message that breaks only it. */
export const commitAttacks: readonly CommitAttack[] = [
  ...memberCommitAttacks,
  ...leafAttacks,
  ...externalCommitAttacks,
];

/** An honest commit of each shape, which must be accepted or the table proves nothing. */
export async function honestShapes(): Promise<readonly string[]> {
  const scene = await createScene();
  const { mallory, alice, bob } = scene;
  const results: string[] = [];
  const { phone, operations } = await phoneOf(scene);
  for (const hostile of [
    { commit: await craftCommit(mallory) },
    await removing(scene),
    (await adding(scene, {})).twin,
    { operations, commit: await external(mallory, phone, { operations }), signedBy: phone },
    { commit: await external(mallory, alice.device, { resync: true, takes: alice }), signedBy: alice.device },
  ]) {
    results.push(await inspect(mallory, bob, present(hostile)));
  }
  return results;
}
