import { type Handle, labelBytes, limits } from "@bulla/wire";
import {
  bytes,
  type Codec,
  type CodecValue,
  decode,
  encode,
  list,
  nullable,
  refine,
  struct,
  text,
  uint,
  version,
} from "@bulla/wire/encoding";
import { chainPinCodec, handleCodec } from "@bulla/wire/identity";
import type { Primitives } from "../primitives.ts";
import { deviceName, type MemberDevice } from "./member-device.ts";

/** What a member may do; see `rights.ts`. */
export type Role = "owner" | "admin" | "member" | "reader" | "guest";
const roles: readonly string[] = ["owner", "admin", "member", "reader", "guest"];
export const roleCodec: Codec<Role> = refine(text(8, 1) as Codec<Role>, "a role", (role) => roles.includes(role));

/** `self`: an account's own devices. `direct`: two accounts. `group`: any number. A space never changes its kind. */
export type SpaceKind = "self" | "direct" | "group";
const kinds: readonly string[] = ["self", "direct", "group"];
const kindCodec: Codec<SpaceKind> = refine(text(8, 1) as Codec<SpaceKind>, "a kind of space", (kind) =>
  kinds.includes(kind),
);

type History = "all" | "now";
const historyCodec: Codec<History> = refine(
  text(8, 1) as Codec<History>,
  "a history rule",
  (history) => history === "all" || history === "now",
);

const policyShape = struct({
  version: version(1),
  /** What newcomers may read. */
  history: historyCodec,
  /** Days after which lasting records go; null: never. */
  retentionDays: nullable(uint(36500)),
  /** Accounts with the right that must sign an operation on members, roles or policy. */
  approvals: refine(uint(8), "at least one approval", (count) => count > 0),
});
export type Policy = CodecValue<typeof policyShape>;
export const policyCodec: Codec<Policy> = policyShape;
export const defaultPolicy: Policy = { version: 1, history: "all", retentionDays: null, approvals: 1 };

const memberShape = struct({
  handle: handleCodec,
  role: roleCodec,
  /** Chapter in which the account became a member. */
  since: uint(),
  /** Place in the account's identity chain that every client judges by. */
  pin: chainPinCodec,
  /** The devices that hold a leaf, in the order of their ids. */
  devices: refine(list(bytes(16), limits.maxDevicesPerAccount), "one device or more", (devices) => devices.length > 0),
});
export type Member = CodecValue<typeof memberShape>;

const constitutionShape = struct({
  version: version(1),
  space: bytes(16),
  number: uint(),
  kind: kindCodec,
  /** MLS cipher suite: the least that will ever be accepted here. */
  suite: uint(65535),
  /** Host of the service that keeps the streams. */
  home: text(260, 1),
  policy: policyCodec,
  /** In the order of their handles. */
  members: list(memberShape, limits.maxMembers),
  /** Seam: size of the transparency log that was seen. */
  logSize: nullable(uint()),
});

/** Who belongs to a space in one chapter and by which rules. Derived by every client from signed operations; nobody ever sends one to be believed. */
export type Constitution = CodecValue<typeof constitutionShape>;
export const constitutionCodec: Codec<Constitution> = constitutionShape;

export const maxConstitutionBytes: number = 1024 * 1024;

export function decodeConstitution(input: Uint8Array): Constitution {
  return decode(constitutionCodec, input, { maxBytes: maxConstitutionBytes });
}

export function constitutionHash(primitives: Primitives, constitution: Constitution): Uint8Array {
  return primitives.sha256(labelBytes("constitution"), encode(constitutionCodec, constitution));
}

export function memberOf(constitution: Constitution, handle: Handle): Member | undefined {
  return constitution.members.find((member) => member.handle === handle);
}

/** Every device that has, or is to have, a leaf. */
export function devicesOf(constitution: Constitution): readonly MemberDevice[] {
  return constitution.members.flatMap(({ handle, devices }) => devices.map((deviceId) => ({ handle, deviceId })));
}

export function deviceNamesOf(constitution: Constitution): ReadonlySet<string> {
  return new Set(devicesOf(constitution).map(deviceName));
}
