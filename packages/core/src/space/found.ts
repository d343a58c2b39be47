import { type Handle, InternalError } from "@bulla/wire";
import { type ChainPin, pinOf } from "@bulla/wire/identity";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import type { ChainBook } from "./chain-book.ts";
import { type Chapter, leafAuthority, startCursor } from "./chapter.ts";
import { type Constitution, defaultPolicy, type Policy, type SpaceKind } from "./constitution.ts";
import { enterChapter } from "./enter.ts";
import { foundGroup, generateKeyPackage, suiteId } from "./group.ts";
import type { MemberDevice } from "./member-device.ts";
import { makeOpening } from "./opening.ts";
import type { OuterRecord } from "./outer-record.ts";

export interface FoundedSpace {
  readonly chapter: Chapter;
  /** First records of the first stream. */
  readonly opening: readonly OuterRecord[];
}

export interface SpacePlan {
  readonly kind: SpaceKind;
  /** Host of the service that will keep its streams. */
  readonly home: string;
  readonly policy?: Policy;
}

/** Found a space with this device as its only leaf. */
export async function foundSpace(
  primitives: Primitives,
  founder: MemberDevice,
  secrets: DeviceSecrets,
  book: ChainBook,
  plan: SpacePlan,
  day: number,
): Promise<FoundedSpace> {
  const space = primitives.random(16);
  const pin = newestPin(book, founder.handle);
  const constitution: Constitution = {
    version: 1,
    space,
    number: 0,
    kind: plan.kind,
    suite: suiteId,
    home: plan.home,
    policy: plan.policy ?? defaultPolicy,
    members: [{ handle: founder.handle, role: "owner", since: 0, pin, devices: [founder.deviceId] }],
    logSize: null,
  };
  const notBefore = BigInt(day - 1) * 86_400n;
  const pair = await generateKeyPackage(primitives, founder, secrets, { notBefore, notAfter: notBefore + 7_776_000n });
  const group = await foundGroup(primitives, space, pair, leafAuthority(book));
  const chapter = await enterChapter(primitives, group, constitution, new Uint8Array(32));
  return {
    chapter,
    opening: await makeOpening(primitives, founder, secrets, chapter, startCursor(primitives, chapter), book),
  };
}

/** The newest known place of an account's chain.
 *  @throws InternalError when the chain was never looked up */
export function newestPin(book: ChainBook, handle: Handle): ChainPin {
  const chain = book.chainOf(handle);
  if (chain === undefined) throw new InternalError("no chain was looked up for a member");
  return pinOf(chain);
}
