import { parseHandle } from "@bulla/wire";
import type * as mls from "ts-mls";
import { createDeviceSecrets, type DeviceSecrets } from "../../identity/device-secrets.ts";
import { primitivesOf } from "../../identity/primitives.fixture.ts";
import type { Primitives } from "../../primitives.ts";
import {
  applyCommit,
  type CommittedGroup,
  commitChange,
  exportSecret,
  foundGroup,
  type Group,
  type GroupChange,
  generateKeyPackage,
  type KeyPackagePair,
  leavesOf,
} from "../group.ts";
import { exportGroupInfo, verifyGroupInfo } from "../group-info.ts";
import { joinByWelcome } from "../join-by-welcome.ts";
import { joinExternally } from "../join-externally.ts";
import { type MemberDevice, sameDevice } from "../member-device.ts";
import { decodeExactly } from "../mls-message.ts";
import { present } from "./present.fixture.ts";

export interface RawDevice {
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
  readonly pair: KeyPackagePair;
}

export const everybody = (): boolean => true;
const none = new Uint8Array();

/** Groups as `group.ts` makes them, without records, rights and identities around them. Every leaf is accepted. */
export class RawGroup {
  readonly primitives: Primitives;
  members: Map<RawDevice, Group> = new Map();
  private count = 0;

  constructor(seed?: string) {
    this.primitives = primitivesOf(seed);
  }

  async device(): Promise<RawDevice> {
    const secrets = createDeviceSecrets(this.primitives);
    const me = { handle: parseHandle(`device${this.count++}@home.example`), deviceId: secrets.deviceId };
    return { me, secrets, pair: await this.freshPair({ me, secrets }) };
  }

  freshPair({ me, secrets }: Pick<RawDevice, "me" | "secrets">): Promise<KeyPackagePair> {
    return generateKeyPackage(this.primitives, me, secrets, { notBefore: 0n, notAfter: 2n ** 40n });
  }

  get devices(): readonly RawDevice[] {
    return [...this.members.keys()];
  }

  groupOf(device: RawDevice): Group {
    return present(this.members.get(device), "a member");
  }

  indexOf(device: RawDevice): number {
    return present(leavesOf(this.groupOf(device)).find((leaf) => sameDevice(leaf.device, device.me))).index;
  }

  static async found(size: number, seed?: string): Promise<RawGroup> {
    const group = new RawGroup(seed);
    const founder = await group.device();
    group.members.set(founder, await foundGroup(group.primitives, new Uint8Array(16), founder.pair, everybody));
    while (group.members.size < size) await group.add(founder, await group.device());
    return group;
  }

  commit(by: RawDevice, change: Partial<GroupChange> = {}): Promise<CommittedGroup> {
    return commitChange(this.primitives, this.groupOf(by), { add: [], remove: [], ...change }, none, everybody);
  }

  welcomed(device: RawDevice, { group, welcome }: CommittedGroup): Promise<Group> {
    return joinByWelcome(this.primitives, present(welcome), device.pair, group.state.ratchetTree, everybody);
  }

  async groupInfo(by: RawDevice, change: Partial<mls.GroupState> = {}): Promise<mls.GroupInfo> {
    const group = { state: { ...this.groupOf(by).state, ...change } };
    const encoded = await exportGroupInfo(this.primitives, group, new Uint8Array(32), everybody);
    return (await verifyGroupInfo(this.primitives, encoded)).info;
  }

  externalCommit(device: RawDevice, info: mls.GroupInfo): Promise<CommittedGroup> {
    return joinExternally(this.primitives, info, device.pair, device.me, none, everybody);
  }

  /** What everybody but the committer makes of a commit; those who are removed fall away. */
  async applied(commit: Uint8Array, except: readonly RawDevice[] = []): Promise<Map<RawDevice, Group>> {
    const message = decodeExactly(commit);
    if (message.wireformat !== "mls_public_message") throw new Error("the test expected a PublicMessage");
    const after = new Map<RawDevice, Group>();
    for (const [device, before] of this.members) {
      if (except.includes(device)) continue;
      const group = await applyCommit(this.primitives, before, message.publicMessage, everybody);
      if (group !== undefined) after.set(device, group);
    }
    return after;
  }

  async rotate(by: RawDevice): Promise<void> {
    const committed = await this.commit(by);
    this.members = (await this.applied(committed.commit, [by])).set(by, committed.group);
  }

  async add(by: RawDevice, ...added: readonly RawDevice[]): Promise<void> {
    const committed = await this.commit(by, { add: added.map(({ pair }) => pair.publicPackage) });
    const after = (await this.applied(committed.commit, [by])).set(by, committed.group);
    for (const device of added) after.set(device, await this.welcomed(device, committed));
    this.members = after;
  }

  async remove(by: RawDevice, ...gone: readonly RawDevice[]): Promise<void> {
    const committed = await this.commit(by, { remove: gone.map((device) => this.indexOf(device)) });
    this.members = (await this.applied(committed.commit, [by])).set(by, committed.group);
  }

  async joinExternally(device: RawDevice, info: mls.GroupInfo): Promise<void> {
    const committed = await this.externalCommit(device, info);
    this.members = (await this.applied(committed.commit)).set(device, committed.group);
  }

  /** A device that lost its state comes back as another leaf of the same name. */
  async resync(lost: RawDevice, info: mls.GroupInfo): Promise<RawDevice> {
    const back = { ...lost, pair: await this.freshPair(lost) };
    const committed = await this.externalCommit(back, info);
    this.members = (await this.applied(committed.commit, [lost])).set(back, committed.group);
    return back;
  }

  secretOf(group: Group): Promise<Uint8Array> {
    return exportSecret(this.primitives, group, "test", none);
  }
}
