import { hexOf, parseHandle } from "@bulla/wire";
import type { VerifiedChain } from "@bulla/wire/identity";
import { certifyDevice, createDeviceSecrets } from "../../identity/device-secrets.ts";
import { primitivesOf } from "../../identity/primitives.fixture.ts";
import { addDevice, createChain, revokeDevice } from "../../identity/sign-statement.ts";
import type { Primitives } from "../../primitives.ts";
import type { ChainBook } from "../chain-book.ts";
import { foundSpace, type SpacePlan } from "../found.ts";
import { acceptWelcome, type KeyringEntry, prepareExternalJoin, readerChapter } from "../join.ts";
import { createKeyPackage, verifyClaimedPackage } from "../key-package.ts";
import type { MemberDevice } from "../member-device.ts";
import { type BlindService, createBlindService } from "./blind-service.fixture.ts";
import type { Device, Ground, Published } from "./ground.fixture.ts";
import { Member } from "./member.fixture.ts";
import { present } from "./present.fixture.ts";
import { readWithKey } from "./read-with-key.fixture.ts";

export const day: number = Math.floor(Date.now() / 86_400_000);

/** Accounts with real identity chains, one service, real primitives. Whoever stands in it acts through `Member`. */
export class World implements Ground<Member> {
  readonly primitives: Primitives = primitivesOf();
  readonly service: BlindService = createBlindService();
  readonly chains: Map<string, VerifiedChain> = new Map();
  readonly book: ChainBook = { chainOf: (handle) => this.chains.get(handle) };

  async enrol(name: string): Promise<Device> {
    const handle = parseHandle(name.includes("@") ? name : `${name}@home.example`);
    const secrets = createDeviceSecrets(this.primitives);
    this.chains.set(handle, (await createChain(this.primitives, handle, secrets, day)).chain);
    return { me: { handle, deviceId: secrets.deviceId }, secrets };
  }

  /** A further device of an account, signed into its chain by an existing one. */
  async enrolSecond({ me: { handle }, secrets }: Device): Promise<Device> {
    const fresh = createDeviceSecrets(this.primitives);
    const certificate = await certifyDevice(this.primitives, handle, fresh);
    this.chains.set(handle, (await addDevice(this.primitives, this.chainOf(handle), secrets, certificate, day)).chain);
    return { me: { handle, deviceId: fresh.deviceId }, secrets: fresh };
  }

  async revoke(by: Device, { deviceId }: MemberDevice): Promise<void> {
    const { handle } = by.me;
    this.chains.set(
      handle,
      (await revokeDevice(this.primitives, this.chainOf(handle), by.secrets, deviceId, day)).chain,
    );
  }

  chainOf(handle: string): VerifiedChain {
    return present(this.chains.get(handle), "a chain");
  }

  async publish({ me, secrets }: Device): Promise<Published> {
    const created = await createKeyPackage(this.primitives, me, secrets, day);
    const certified = present(this.chainOf(me.handle).devices.get(hexOf(me.deviceId)), "a certified device");
    return { created, claimed: await verifyClaimedPackage(this.primitives, created.publicPackage, me, certified, day) };
  }

  async found(device: Device, plan: Partial<SpacePlan> = {}): Promise<Member> {
    const { chapter, opening } = await foundSpace(
      this.primitives,
      device.me,
      device.secrets,
      this.book,
      { kind: "group", home: "home.example", ...plan },
      day,
    );
    for (const record of opening) this.service.append(chapter.stream.sid, record);
    const member = new Member(this, device, chapter);
    await member.catchUp();
    return member;
  }

  /** Enter by a Welcome with the first opening that does. */
  async welcome(device: Device, { created }: Published, entry: KeyringEntry, welcome: Uint8Array): Promise<Member> {
    const { openings, pieceOf } = await readWithKey(this, entry);
    let why: unknown = new Error("no opening in the stream");
    for (const opening of openings) {
      try {
        const joined = await acceptWelcome(
          this.primitives,
          { ...device, entry, opening, pieceOf, book: this.book },
          welcome,
          created.privatePackage,
        );
        if (joined.kind === "wait") throw new Error("wait");
        const member = new Member(this, device, joined.chapter);
        await member.catchUp();
        return member;
      } catch (error) {
        why = error;
      }
    }
    throw why;
  }

  /** A device that holds only a chapter key: reads all there is of that chapter. */
  async reader(device: Device, entry: KeyringEntry): Promise<Member> {
    const { openings, pieceOf } = await readWithKey(this, entry);
    const joined = await readerChapter(this.primitives, entry, present(openings[0], "an opening"), pieceOf, this.book);
    if (joined.kind === "wait") throw new Error("wait");
    const member = new Member(this, device, joined.chapter);
    await member.read();
    return member;
  }

  /** Prepare an external join; `finish` sends it. */
  async prepareJoin(device: Device, entry: KeyringEntry): Promise<Member> {
    const { openings, pieceOf } = await readWithKey(this, entry);
    const member = await this.reader(device, entry);
    const opening = present(openings[0], "an opening");
    const join = await prepareExternalJoin(
      this.primitives,
      { ...device, entry, opening, pieceOf, book: this.book },
      member.cursor,
      day,
    );
    if (join.kind === "wait") throw new Error("wait");
    member.prepared = join.prepared;
    return member;
  }

  async joinExternally(device: Device, entry: KeyringEntry): Promise<Member> {
    const member = await this.prepareJoin(device, entry);
    await member.send();
    await member.catchUp();
    return member;
  }

  /** A group of devices, the first of them its founder and owner, the others with the role given. */
  async group(names: readonly string[], role: "owner" | "admin" | "member" = "member"): Promise<Member[]> {
    const devices = await Promise.all(names.map((name) => this.enrol(name)));
    const founder = await this.found(present(devices[0]));
    const published = await Promise.all(devices.slice(1).map((device) => this.publish(device)));
    const joined = await founder.add(
      devices.slice(1).map((device, index) => ({ device, published: present(published[index]), role })),
    );
    return [founder, ...joined];
  }
}
