import { hexOf } from "@bulla/wire";
import * as mls from "ts-mls";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { expect, test } from "vitest";
import { secretWhenAlone } from "./alone.ts";
import type { CommittedGroup, Group } from "./group.ts";
import { decodeExactly } from "./mls-message.ts";
import { present } from "./testing/present.fixture.ts";
import { RawGroup } from "./testing/raw-group.fixture.ts";
import { World } from "./testing/world.fixture.ts";

interface Parted {
  readonly raw: RawGroup;
  /** Bob's, from before. */
  readonly held: Group;
  readonly committed: CommittedGroup;
}

/** Alice removes Bob and stays alone. */
async function parted(): Promise<Parted> {
  const raw = await RawGroup.found(2);
  const [alice, bob] = raw.devices;
  const committed = await raw.commit(present(alice), { remove: [raw.indexOf(present(bob))] });
  return { raw, held: raw.groupOf(present(bob)), committed };
}

/** The exporter secret that somebody derives who holds the old epoch and saw the commit, but got no path secret. */
async function derived({ raw, held }: Parted, { groupContext }: mls.GroupState): Promise<string> {
  const { kdf } = raw.primitives.mls;
  const zeros = new Uint8Array(kdf.size);
  const epoch = await initializeEpoch(held.state.keySchedule.initSecret, zeros, groupContext, zeros, kdf);
  return hexOf(epoch.keySchedule.exporterSecret);
}

const exporterOf = (state: mls.GroupState): string => hexOf(state.keySchedule.exporterSecret);

test("the last other member, when it is removed, cannot derive the next epoch", async () => {
  const scene = await parted();
  expect(await derived(scene, scene.committed.group.state)).not.toBe(exporterOf(scene.committed.group.state));
});

test("an epoch with one leaf gets a secret that the one who was removed cannot derive", async () => {
  const scene = await parted();
  const { raw, held, committed } = scene;
  const [alice, bob] = raw.devices;
  const before = raw.groupOf(present(alice)).state;
  const made = await secretWhenAlone(raw.primitives.mls, before, {
    newState: committed.group.state,
    commit: decodeExactly(committed.commit),
  });
  expect(await derived(scene, made.newState)).not.toBe(exporterOf(made.newState));
  expect(await raw.applied(mls.encodeMlsMessage(made.commit), [present(alice)])).toEqual(new Map());
  expect(held).toBe(raw.groupOf(present(bob)));

  raw.members = new Map([[present(alice), { state: made.newState }]]);
  await raw.add(present(alice), await raw.device());
  await raw.rotate(present(raw.devices[1]));
  expect(new Set([...raw.members.values()].map(({ state }) => exporterOf(state))).size).toBe(1);
});

test("a commit that leaves others in the group stays as it is", async () => {
  const raw = await RawGroup.found(3);
  const [alice, bob] = raw.devices;
  const committed = await raw.commit(present(alice), { remove: [raw.indexOf(present(bob))] });
  const made = { newState: committed.group.state, commit: decodeExactly(committed.commit) };
  expect(await secretWhenAlone(raw.primitives.mls, raw.groupOf(present(alice)).state, made)).toBe(made);
});

test("who stays alone at any place of the tree can still whisper, and take others in", async () => {
  const world = new World();
  const [, , carol] = await world.group(["alice", "bob", "carol"], "owner");
  const last = present(carol);
  await last.remove("alice@home.example", "bob@home.example");
  expect(last.chapter.constitution.members).toHaveLength(1);
  last.append(await last.whisper("anybody?"));
  await last.catchUp();
  const device = await world.enrol("dave");
  const [dave] = await last.add([{ device, published: await world.publish(device), role: "member" }]);
  last.append(await last.whisper("hello"));
  await present(dave).catchUp();
  expect(dave?.lines.at(-1)).toBe("carol~ hello");
});
