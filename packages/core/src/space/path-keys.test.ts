import { expect, test } from "vitest";
import type { Primitives } from "../primitives.ts";
import { prepareChange } from "./change.ts";
import { followEnd } from "./follow.ts";
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
