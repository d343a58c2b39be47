import { expect, test } from "vitest";
import type { Primitives } from "../primitives.ts";
import { prepareChange } from "./change.ts";
import { followEnd } from "./follow.ts";
import { placeOf } from "./testing/member.fixture.ts";
import { present } from "./testing/present.fixture.ts";
import { World } from "./testing/world.fixture.ts";

/** Derives honest private keys, and names public keys that belong to nobody. */
function lying(primitives: Primitives): Primitives {
  const { mls } = primitives;
  const deriveKeyPair: typeof mls.hpke.deriveKeyPair = async (ikm) => ({
    privateKey: (await mls.hpke.deriveKeyPair(ikm)).privateKey,
    publicKey: (await mls.hpke.generateKeyPair()).publicKey,
  });
  return { ...primitives, mls: { ...mls, hpke: { ...mls.hpke, deriveKeyPair } } };
}

for (const isLying of [false, true]) {
  const what = isLying ? "does not fit: whoever was handed such keys does not take them" : "fits is followed";
  test(`a path whose secret ${what}`, async () => {
    const [alice, bob] = await new World().group(["alice", "bob", "carol", "dave"]);
    const [committer, victim] = [present(alice), present(bob)];
    await committer.catchUp();
    const given = committer.world.primitives;
    const { parts, closing } = await prepareChange(
      isLying ? lying(given) : given,
      committer.me,
      committer.device.secrets,
      committer.chapter,
      committer.cursor,
      committer.book,
      { operations: [], add: [] },
    );
    for (const part of parts) committer.append(part);
    committer.append(closing, true);
    await victim.read();
    const followed = await followEnd(given, victim.chapter, victim.cursor, present(victim.end), victim.followContext);
    expect(followed.kind).toBe(isLying ? "complain" : "next");
  });
}

test("a commit that leaves one half of the tree empty is followed, and no key of a blank node is kept", async () => {
  const [alice, , carol, dave] = await new World().group(["alice", "bob", "carol", "dave"], "owner");
  const [founder, rest, committer] = [present(alice), present(carol), present(dave)];
  await founder.rotate();
  await committer.catchUp();
  await committer.remove("alice@home.example", "bob@home.example");
  await rest.catchUp();
  expect(rest.standing).toBe("active");
  expect(placeOf(rest)).toBe(placeOf(committer));
  for (const member of [rest, committer]) {
    const { ratchetTree, privatePath } = present(member.chapter.group).state;
    expect(ratchetTree.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    for (const index of Object.keys(privatePath.privateKeys)) expect(ratchetTree[Number(index)]).toBeDefined();
  }
  await rest.rotate();
  await committer.catchUp();
  expect(placeOf(rest)).toBe(placeOf(committer));
});
