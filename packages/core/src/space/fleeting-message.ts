import { BullaError, equalBytes } from "@bulla/wire";
import * as mls from "ts-mls";
import { decryptSenderData } from "ts-mls/privateMessage.js";
import type { Primitives } from "../primitives.ts";
import { configured, type Group, type LeafAuthority, leavesOf } from "./group.ts";
import type { MemberDevice } from "./member-device.ts";
import { decodeExactly } from "./mls-message.ts";

export interface FleetingMessage {
  readonly group: Group;
  readonly author: MemberDevice;
  readonly content: Uint8Array;
}

/** Protect as PrivateMessage. The new state must be stored before the message leaves. */
export async function protectFleeting(
  primitives: Primitives,
  group: Group,
  content: Uint8Array,
  context: Uint8Array,
  authority: LeafAuthority,
): Promise<{ readonly group: Group; readonly message: Uint8Array }> {
  // Spent secrets are not wiped: the state before shares them, and sealing from it again would use zeros as a key.
  const { newState, privateMessage } = await mls.createApplicationMessage(
    configured(group, authority),
    content,
    primitives.mls,
    context,
  );
  return {
    group: { state: newState },
    message: mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_private_message", privateMessage }),
  };
}

/** Undefined: it is this device's own. @throws BullaError core/open-failed */
export async function openFleeting(
  primitives: Primitives,
  group: Group,
  input: Uint8Array,
  context: Uint8Array,
  authority: LeafAuthority,
): Promise<FleetingMessage | undefined> {
  const failed = (cause?: unknown): BullaError =>
    new BullaError("core/open-failed", "record cannot be opened", { cause });
  const message = decodeExactly(input);
  if (message.wireformat !== "mls_private_message") throw failed();
  const { privateMessage } = message;
  const sender = await decryptSenderData(
    privateMessage,
    group.state.keySchedule.senderDataSecret,
    primitives.mls,
  ).catch(() => undefined);
  if (sender === undefined) throw failed();
  if (sender.leafIndex === group.state.privatePath.leafIndex) return undefined;
  const author = leavesOf(group).find((leaf) => leaf.index === sender.leafIndex)?.device;
  if (
    author === undefined ||
    privateMessage.contentType !== "application" ||
    !equalBytes(privateMessage.authenticatedData, context)
  )
    throw failed();
  try {
    const result = await mls.processPrivateMessage(
      configured(group, authority),
      privateMessage,
      mls.emptyPskIndex,
      primitives.mls,
    );
    if (result.kind !== "applicationMessage") throw failed();
    return { group: { state: result.newState }, author, content: result.message };
  } catch (cause) {
    throw failed(cause);
  }
}
