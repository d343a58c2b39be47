import { hexOf } from "@bulla/wire";
import * as mls from "ts-mls";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { leafAuthority } from "../chapter.ts";
import { constitutionHash } from "../constitution.ts";
import { newestPin } from "../found.ts";
import { generateKeyPackage, type KeyPackagePair } from "../group.ts";
import { exportGroupInfo, verifyGroupInfo } from "../group-info.ts";
import type { SignedOperation } from "../operation.ts";
import { attack, type CommitAttack, type Scene } from "./attack-scene.fixture.ts";
import type { Device } from "./ground.fixture.ts";
import { bindingFor, type Craft, resigned } from "./hostile-commit.fixture.ts";
import { add, inline, keyPackage, leafKeyOf, validNow, withoutPath } from "./hostile-leaf.fixture.ts";
import type { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";

/** An external commit made with the library itself. */
export async function external(
  from: Member,
  device: Device,
  wish: { readonly resync?: boolean; readonly takes?: Member } & Pick<Craft, "operations" | "next"> = {},
): Promise<Uint8Array> {
  const { primitives } = from.world;
  const group = present(from.chapter.group);
  const { info } = await verifyGroupInfo(
    primitives,
    await exportGroupInfo(
      primitives,
      group,
      constitutionHash(primitives, from.chapter.constitution),
      leafAuthority(from.book),
    ),
  );
  const pair: KeyPackagePair = await generateKeyPackage(primitives, device.me, device.secrets, validNow);
  const { takes } = wish;
  const equality =
    takes === undefined
      ? {}
      : {
          compareKeyPackageToLeafNode: (_: mls.KeyPackage, leaf: mls.LeafNode) =>
            String(leaf.hpkePublicKey) === String(leafKeyOf(from, takes)),
        };
  const config = {
    ...defaultClientConfig,
    keyPackageEqualityConfig: { ...mls.defaultKeyPackageEqualityConfig, ...equality },
  };
  const { publicMessage } = await mls.joinGroupExternal(
    info,
    pair.publicPackage,
    pair.privatePackage,
    wish.resync ?? false,
    primitives.mls,
    undefined,
    config,
    await bindingFor(from, wish),
  );
  return mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
}

/** A second device of Alice, enrolled; its setDevices operation and honest external commit. */
export async function phoneOf(
  scene: Scene,
): Promise<{ readonly phone: Device; readonly operations: readonly SignedOperation[] }> {
  const phone = await scene.world.enrolSecond(scene.alice.device);
  return {
    phone,
    operations: [await scene.mallory.setDevices(scene.alice.me.handle, [scene.alice.me.deviceId, phone.me.deviceId])],
  };
}

/** Commits of devices that come in by themselves. */
export const externalCommitAttacks: readonly CommitAttack[] = [
  attack("stranger", "an account that is no member joins by itself", async ({ mallory, eve }) => ({
    commit: await external(mallory, eve, {
      next: { ...mallory.chapter.constitution, number: mallory.chapter.number + 1 },
    }),
    next: { ...mallory.chapter.constitution, number: mallory.chapter.number + 1 },
    signedBy: eve,
  })),
  attack(
    "invited-stranger",
    "an account whose Add an owner signed joins by itself, before anybody let it in",
    async ({ mallory, eve }) => {
      const operations = [await mallory.addOperation(eve, "member")];
      return { operations, commit: await external(mallory, eve, { operations }), signedBy: eve };
    },
  ),
  attack(
    "revoked-device",
    "a device revoked before the pinned place in its chain joins by itself",
    async ({ world, alice, mallory }) => {
      const phone = await world.enrolSecond(alice.device);
      await world.revoke(alice.device, phone.me);
      const { constitution } = mallory.chapter;
      const devices = [alice.me.deviceId, phone.me.deviceId].sort((a, b) => (hexOf(a) < hexOf(b) ? -1 : 1));
      const members = constitution.members.map((member) =>
        member.handle === alice.me.handle ? { ...member, pin: newestPin(world.book, member.handle), devices } : member,
      );
      const next = { ...constitution, number: constitution.number + 1, members };
      return { next, commit: await external(mallory, phone, { next }), signedBy: phone };
    },
  ),
  attack("external-steals", "a new device takes the leaf of another member", async (scene) => {
    const { phone, operations } = await phoneOf(scene);
    return {
      operations,
      commit: await external(scene.mallory, phone, { operations, resync: true, takes: scene.mallory }),
      signedBy: phone,
    };
  }),
  attack("external-second-leaf", "a device that has a leaf joins once more", async ({ mallory, alice }) => ({
    commit: await external(mallory, alice.device),
    signedBy: alice.device,
  })),
  attack("external-unpinned", "a new device joins without an operation that pins it", async (scene) => {
    const { phone } = await phoneOf(scene);
    return {
      commit: await external(scene.mallory, phone),
      signedBy: phone,
      next: { ...scene.mallory.chapter.constitution, number: scene.mallory.chapter.number + 1 },
    };
  }),
  attack(
    "external-other-proposals",
    "an external commit with a proposal that is neither ExternalInit nor Remove",
    async (scene) => {
      const { phone, operations } = await phoneOf(scene);
      const honest = await external(scene.mallory, phone, { operations });
      const change = inline(add(await keyPackage(scene.world, scene.eve)));
      const commit = await resigned(scene.mallory, honest, change, phone.secrets.leafSeed);
      return { operations, commit, signedBy: phone, twin: { operations, commit: honest, signedBy: phone } };
    },
  ),
  attack("external-no-path", "an external commit without a path", async (scene) => {
    const { phone, operations } = await phoneOf(scene);
    const honest = await external(scene.mallory, phone, { operations });
    const commit = await resigned(scene.mallory, honest, withoutPath, phone.secrets.leafSeed);
    return { operations, commit, signedBy: phone, twin: { operations, commit: honest, signedBy: phone } };
  }),
  attack("external-borrowed", "an external commit under the closing record of another device", async (scene) => {
    const { phone, operations } = await phoneOf(scene);
    return { operations, commit: await external(scene.mallory, phone, { operations }), signedBy: scene.mallory.device };
  }),
];
