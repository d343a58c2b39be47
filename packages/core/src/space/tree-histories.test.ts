import { hexOf } from "@bulla/wire";
import fc from "fast-check";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { validateRatchetTree } from "ts-mls/clientState.js";
import { beforeAll, describe, expect, test } from "vitest";
import type { Group } from "./group.ts";
import { present } from "./testing/present.fixture.ts";
import { RawGroup } from "./testing/raw-group.fixture.ts";

const actions = [
  "add",
  "add",
  "add-two",
  "rotate",
  "rotate",
  "remove",
  "remove-two",
  "join",
  "join",
  "resync",
] as const;
interface Step {
  readonly action: (typeof actions)[number];
  readonly who: number;
  readonly other: number;
}

const step: fc.Arbitrary<Step> = fc.record({ action: fc.constantFrom(...actions), who: fc.nat(), other: fc.nat() });
const most = 12;
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const runs = Number(process.env["RUNS"] ?? 4);

async function perform(raw: RawGroup, { action, who, other }: Step): Promise<void> {
  const { devices } = raw;
  const one = present(devices[who % devices.length]);
  const others = devices.filter((device) => device !== one);
  const [second, third] = [others[other % others.length], others[(other + 1) % others.length]].map((it) => present(it));
  switch (action) {
    case "add":
      if (devices.length < most) await raw.add(one, await raw.device());
      return;
    case "add-two":
      if (devices.length < most - 1) await raw.add(one, await raw.device(), await raw.device());
      return;
    case "rotate":
      return raw.rotate(one);
    case "remove":
      if (devices.length > 3) await raw.remove(one, present(second));
      return;
    case "remove-two":
      if (devices.length > 4) await raw.remove(one, present(second), present(third));
      return;
    case "join":
      if (devices.length < most) await raw.joinExternally(await raw.device(), await raw.groupInfo(one));
      return;
    case "resync":
      await raw.resync(present(second), await raw.groupInfo(one));
      return;
  }
}

async function expectAgreement(raw: RawGroup, groups: Iterable<Group>): Promise<void> {
  const secrets = new Set<string>();
  for (const group of groups) secrets.add(hexOf(await raw.secretOf(group)));
  expect(secrets.size).toBe(1);
}

/** On a branch of the history that is given up again: the newest tree lets a newcomer in both ways, and everybody follows. */
async function expectOpenToNewcomers(raw: RawGroup, by: number): Promise<void> {
  const [newcomer, one] = [await raw.device(), present(raw.devices[by % raw.devices.length])];
  const added = await raw.commit(one, { add: [newcomer.pair.publicPackage] });
  const others = await raw.applied(added.commit, [one]);
  await expectAgreement(raw, [await raw.welcomed(newcomer, added), added.group, ...others.values()]);
  const joined = await raw.externalCommit(newcomer, await raw.groupInfo(one));
  await expectAgreement(raw, [joined.group, ...(await raw.applied(joined.commit)).values()]);
}

/** What ts-mls says to the tree that all members are in. */
async function libraryAlone(raw: RawGroup): Promise<string> {
  const { ratchetTree, groupContext } = raw.groupOf(present(raw.devices[0])).state;
  const { lifetimeConfig, authService } = defaultClientConfig;
  const { treeHash } = groupContext;
  const wrong = await validateRatchetTree(
    ratchetTree,
    groupContext,
    lifetimeConfig,
    authService,
    treeHash,
    raw.primitives.mls,
  );
  return wrong?.message ?? "accepted";
}

test("after any history of adds, removals, rotations and joins all members agree, and a newcomer gets in by Welcome and by itself", async () => {
  console.info(`seed ${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
      const raw = await RawGroup.found(3);
      for (const next of steps) {
        await perform(raw, next);
        await expectAgreement(raw, raw.members.values());
        await expectOpenToNewcomers(raw, next.other);
      }
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
}, 600_000);

describe("where one who was added stayed silent and somebody joined by itself", () => {
  let raw: RawGroup;
  beforeAll(async () => {
    raw = await RawGroup.found(3);
    for (const device of raw.devices) await raw.rotate(device);
    await raw.add(present(raw.devices[0]), await raw.device());
    await raw.joinExternally(await raw.device(), await raw.groupInfo(present(raw.devices[1])));
  });

  test("a newcomer gets in both ways", async () => {
    await expectOpenToNewcomers(raw, 2);
  });

  test("control: ts-mls refuses that tree", async () => {
    expect(await libraryAlone(raw)).toContain("must list leaf node in its unmerged_leaves");
  });
});

test("the only member of a group comes back after it lost its state", async () => {
  const raw = await RawGroup.found(1);
  const [lost] = raw.devices;
  const back = await raw.resync(present(lost), await raw.groupInfo(present(lost)));
  await raw.add(back, await raw.device());
  await expectAgreement(raw, raw.members.values());
});
