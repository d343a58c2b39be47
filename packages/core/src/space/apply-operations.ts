import { BullaError, equalBytes, type Handle, limits } from "@bulla/wire";
import { activeDevice } from "@bulla/wire/identity";
import type { Primitives } from "../primitives.ts";
import { type ChainBook, pinnedChain, pinnedDevice } from "./chain-book.ts";
import { type Constitution, constitutionHash, type Member, memberOf } from "./constitution.ts";
import type { MemberDevice } from "./member-device.ts";
import {
  decodeOperation,
  type Operation,
  type OperationBody,
  operationSigningBytes,
  type SignedOperation,
} from "./operation.ts";
import { mayOperate, needsApprovals } from "./rights.ts";

/** constitution_n = apply(constitution_{n-1}, signed operations). Every client computes it; role and approvals are judged per operation, by the constitution before.
 *  All chains that the operations pin must be in the book (see `pinsOf`).
 *  @throws BullaError space/refused-constitution */
export async function applyOperations(
  primitives: Primitives,
  book: ChainBook,
  old: Constitution,
  operations: readonly SignedOperation[],
): Promise<Constitution> {
  const basis = constitutionHash(primitives, old);
  let members: readonly Member[] = old.members;
  let { policy } = old;
  const touched = new Set<string>();
  for (const signed of operations) {
    const operation = decodeOperation(signed);
    checkPlace(old, basis, operation);
    const { body } = operation;
    const subject =
      body.kind === "setPolicy" ? "policy" : `${body.handle} ${body.kind === "setRole" ? "role" : "membership"}`;
    if (touched.has(subject)) throw refused("two operations on one member");
    touched.add(subject);
    await checkSigners(primitives, book, old, signed, body);
    if (body.kind === "setPolicy") policy = body.policy;
    else members = changeMembers(book, old, members, body);
  }
  const next = { ...old, number: old.number + 1, policy, members };
  checkShape(next);
  return next;
}

/** The places in chains that a list of operations builds on. */
export function pinsOf(
  operations: readonly SignedOperation[],
): readonly { readonly handle: Handle; readonly pin: Member["pin"] }[] {
  return operations
    .map((signed) => decodeOperation(signed).body)
    .filter((body) => body.kind === "addMember" || body.kind === "setDevices");
}

const refused = (why: string): BullaError =>
  new BullaError("space/refused-constitution", `change of the space refused: ${why}`);

function checkPlace(old: Constitution, basis: Uint8Array, { space, basis: claimed, body }: Operation): void {
  if (!equalBytes(space, old.space)) throw refused("an operation belongs to another space");
  const expected = body.kind === "leave" ? new Uint8Array(32) : basis;
  if (!equalBytes(claimed, expected)) throw refused("an operation belongs to another chapter");
}

async function checkSigners(
  primitives: Primitives,
  book: ChainBook,
  old: Constitution,
  signed: SignedOperation,
  body: OperationBody,
): Promise<void> {
  const approving = new Set<Handle>();
  for (const { device, signature } of signed.signatures) {
    const keys = signerKey(book, old, device, body);
    if (
      keys === undefined ||
      !(await primitives.verifyEd25519(keys, operationSigningBytes(signed.operation, device), signature))
    ) {
      throw refused("an operation's signature is wrong");
    }
    if (maySign(old, device, body)) approving.add(device.handle);
  }
  const needed = needsApprovals(body) && old.kind === "group" ? old.policy.approvals : 1;
  if (approving.size < needed) throw refused("an operation is not signed by those who may");
}

function maySign(old: Constitution, device: MemberDevice, body: OperationBody): boolean {
  const member = memberOf(old, device.handle);
  if (member === undefined) return false;
  if (body.kind === "leave" || body.kind === "setDevices") {
    if (body.handle === device.handle) return true;
  }
  return mayOperate(old, member.role, body);
}

/** The record key of a signer: a device of the constitution before, or a device that its own account's `setDevices` brings in. */
function signerKey(
  book: ChainBook,
  old: Constitution,
  device: MemberDevice,
  body: OperationBody,
): Uint8Array | undefined {
  const member = memberOf(old, device.handle);
  if (member === undefined) return undefined;
  if (member.devices.some((id) => equalBytes(id, device.deviceId)))
    return pinnedDevice(book, device, member.pin)?.keys.recordKey;
  if (body.kind !== "setDevices" || body.handle !== device.handle) return undefined;
  return body.devices.some((id) => equalBytes(id, device.deviceId))
    ? pinnedDevice(book, device, body.pin)?.keys.recordKey
    : undefined;
}

function changeMembers(
  book: ChainBook,
  old: Constitution,
  members: readonly Member[],
  body: Exclude<OperationBody, { kind: "setPolicy" }>,
): readonly Member[] {
  const current = members.find((member) => member.handle === body.handle);
  if (body.kind === "addMember") {
    if (current !== undefined) throw refused("a member is added twice");
    checkDevices(book, body.handle, body.pin, body.devices);
    const { handle, role, pin, devices } = body;
    return [...members, { handle, role, since: old.number + 1, pin, devices: sorted(devices) }].sort((a, b) =>
      a.handle < b.handle ? -1 : 1,
    );
  }
  if (current === undefined) throw refused("an operation is about somebody who is no member");
  if (body.kind === "removeMember") return members.filter((member) => member !== current);
  if (body.kind === "leave") {
    if (body.since !== current.since) throw refused("a leave belongs to an earlier membership");
    return members.filter((member) => member !== current);
  }
  const changed = body.kind === "setRole" ? { ...current, role: body.role } : withDevices(book, current, body);
  return members.map((member) => (member === current ? changed : member));
}

function withDevices(
  book: ChainBook,
  member: Member,
  { pin, devices }: { readonly pin: Member["pin"]; readonly devices: readonly Uint8Array[] },
): Member {
  if (pin.position < member.pin.position) throw refused("a member's chain position went back");
  const chain = pinnedChain(book, member.handle, pin);
  pinnedChain(book, member.handle, member.pin);
  checkDevices(book, member.handle, pin, devices);
  for (const gone of member.devices.filter((id) => !devices.some((kept) => equalBytes(kept, id)))) {
    if (activeDevice(chain, gone, pin.position) !== undefined) throw refused("a device is removed that nobody revoked");
  }
  return { ...member, pin, devices: sorted(devices) };
}

function checkDevices(book: ChainBook, handle: Handle, pin: Member["pin"], devices: readonly Uint8Array[]): void {
  if (devices.length === 0) throw refused("a member without a device");
  if (new Set(sorted(devices).map(String)).size !== devices.length) throw refused("a device is named twice");
  for (const deviceId of devices) {
    if (pinnedDevice(book, { handle, deviceId }, pin) === undefined)
      throw refused("a device is not active in its account's chain");
  }
}

function sorted(devices: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...devices].sort((a, b) => (String.fromCharCode(...a) < String.fromCharCode(...b) ? -1 : 1));
}

function checkShape({ kind, members, policy }: Constitution): void {
  if (members.length > limits.maxMembers) throw refused("too many members");
  if (!members.some((member) => member.role === "owner")) throw refused("no owner would be left");
  if (kind === "self" && members.length !== 1) throw refused("a self space has one member");
  if (kind === "direct" && members.length > 2) throw refused("a direct space has two members");
  if (
    kind === "group" &&
    members.filter((member) => member.role === "owner" || member.role === "admin").length < policy.approvals &&
    policy.approvals > 1
  ) {
    throw refused("fewer people could approve than the policy asks for");
  }
}
