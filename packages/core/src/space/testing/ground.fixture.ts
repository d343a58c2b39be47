import type { VerifiedChain } from "@bulla/wire/identity";
import type * as mls from "ts-mls";
import type { DeviceSecrets } from "../../identity/device-secrets.ts";
import type { Primitives } from "../../primitives.ts";
import type { ChainBook } from "../chain-book.ts";
import type { KeyringEntry } from "../join.ts";
import type { CreatedKeyPackage } from "../key-package.ts";
import type { MemberDevice } from "../member-device.ts";
import type { BlindService } from "./blind-service.fixture.ts";

export interface Device {
  readonly me: MemberDevice;
  readonly secrets: DeviceSecrets;
}

export interface Published {
  readonly created: CreatedKeyPackage;
  /** As whoever adds the device has checked it. */
  readonly claimed: mls.KeyPackage;
}

/** What members stand on: accounts, one service, and ways to come in. `M` is how whoever came in acts. */
export interface Ground<M> {
  readonly primitives: Primitives;
  readonly service: BlindService;
  readonly book: ChainBook;
  readonly chains: ReadonlyMap<string, VerifiedChain>;
  enrol(name: string): Promise<Device>;
  enrolSecond(device: Device): Promise<Device>;
  revoke(by: Device, device: MemberDevice): Promise<void>;
  chainOf(handle: string): VerifiedChain;
  publish(device: Device): Promise<Published>;
  found(device: Device): Promise<M>;
  welcome(device: Device, published: Published, entry: KeyringEntry, welcome: Uint8Array): Promise<M>;
  reader(device: Device, entry: KeyringEntry): Promise<M>;
  prepareJoin(device: Device, entry: KeyringEntry): Promise<M>;
  joinExternally(device: Device, entry: KeyringEntry): Promise<M>;
}
