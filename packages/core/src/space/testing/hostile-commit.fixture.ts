import { equalBytes } from "@bulla/wire";
import * as mls from "ts-mls";
import { defaultClientConfig } from "ts-mls/clientConfig.js";
import { createContentCommitSignature } from "ts-mls/framedContent.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { applyOperations } from "../apply-operations.ts";
import { bindingOf, type PreparedChange, sealChange } from "../change.ts";
import { commitBinding } from "../commit-binding.ts";
import type { Constitution } from "../constitution.ts";
import { leavesOf } from "../group.ts";
import { inspectCommit } from "../guard.ts";
import { decodeExactly } from "../mls-message.ts";
import type { SignedOperation } from "../operation.ts";
import type { Device } from "./ground.fixture.ts";
import type { Member } from "./member.fixture.ts";
import { answer, present } from "./present.fixture.ts";

/** A closing that a member, or somebody else who holds the chapter key, makes with the library itself. */
export interface Hostile {
  readonly commit: Uint8Array;
  readonly operations?: readonly SignedOperation[];
  /** What the attacker wants the constitution to become, when no operations lead there. */
  readonly next?: Constitution;
  /** Who signs the closing record; the attacker by default. */
  readonly signedBy?: Device;
  readonly psks?: mls.PskIndex;
  /** The same with the one thing put right: shows that nothing else is wrong with the attack, where the library alone refuses it as well. */
  readonly twin?: {
    readonly commit: Uint8Array;
    readonly operations?: readonly SignedOperation[];
    readonly signedBy?: Device;
  };
}

export interface Verdict {
  readonly refused: boolean;
  /** True when without that one check the attack would go through. */
  readonly control: boolean;
  /** Why an honest member refused, and what the library says on its own. */
  readonly why: string;
  readonly libraryAlone: string;
}

export interface Craft {
  readonly proposals?: readonly mls.Proposal[];
  readonly operations?: readonly SignedOperation[];
  readonly next?: Constitution;
  readonly state?: Partial<mls.ClientState>;
  readonly cipherSuite?: mls.CiphersuiteImpl;
  readonly pskIndex?: mls.PskIndex;
  readonly authenticatedData?: Uint8Array;
  readonly wireAsPublicMessage?: boolean;
}

/** Accepts every leaf: the library as it comes. */
export function lenient({ chapter }: Member): mls.ClientState {
  return { ...present(chapter.group).state, clientConfig: defaultClientConfig };
}

export async function nextOf(
  member: Member,
  { operations = [], next }: Pick<Craft, "operations" | "next">,
): Promise<Constitution> {
  return next ?? applyOperations(member.world.primitives, member.book, member.chapter.constitution, operations);
}

/** What an honest commit of this member would be bound to. */
export async function bindingFor(member: Member, wish: Pick<Craft, "operations" | "next"> = {}): Promise<Uint8Array> {
  return commitBinding(
    member.world.primitives,
    bindingOf(member.world.primitives, await nextOf(member, wish), member.cursor),
  );
}

export async function craftCommit(member: Member, wish: Craft = {}): Promise<Uint8Array> {
  const {
    proposals = [],
    state = {},
    cipherSuite = member.world.primitives.mls,
    pskIndex,
    wireAsPublicMessage = true,
  } = wish;
  const authenticatedData = wish.authenticatedData ?? (await bindingFor(member, wish));
  const context = {
    state: { ...lenient(member), ...state },
    cipherSuite,
    ...(pskIndex === undefined ? {} : { pskIndex }),
  };
  const { commit } = await mls.createCommit(context, {
    extraProposals: [...proposals],
    wireAsPublicMessage,
    ratchetTreeExtension: false,
    authenticatedData,
  });
  return mls.encodeMlsMessage(commit);
}

/** Change a commit as no interface would, then sign and tag it again. */
export async function resigned(
  member: Member,
  commit: Uint8Array,
  change: (body: mls.Commit) => mls.Commit,
  signKey?: Uint8Array,
): Promise<Uint8Array> {
  const cs = member.world.primitives.mls;
  const { groupContext, signaturePrivateKey, keySchedule } = lenient(member);
  const message = decodeExactly(commit);
  if (message.wireformat !== "mls_public_message" || message.publicMessage.content.contentType !== "commit")
    throw new Error("not a commit");
  const { content, auth } = message.publicMessage;
  const { framedContent, signature } = await createContentCommitSignature(
    groupContext,
    "mls_public_message",
    change(content.commit),
    content.sender,
    content.authenticatedData,
    signKey ?? signaturePrivateKey,
    cs.signature,
  );
  const publicMessage = await protectPublicMessage(
    keySchedule.membershipKey,
    groupContext,
    { wireformat: "mls_public_message", content: framedContent, auth: { ...auth, signature } },
    cs,
  );
  return mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_public_message", publicMessage });
}

/** Ask the guard, then let the attacker end the stream with it and see where an honest member goes; then ask the library alone. */
export async function judge(attacker: Member, victim: Member, hostile: Hostile): Promise<Verdict> {
  const why = await inspect(attacker, victim, hostile);
  const libraryAlone = await processAlone(victim, hostile);
  const twin = hostile.twin === undefined ? undefined : await inspect(attacker, victim, hostile.twin);
  const { parts, closing } = await sealHostile(attacker, victim, hostile);
  for (const record of parts) attacker.append(record);
  attacker.append(closing, true);
  const { number, retry } = victim.chapter;
  await victim.catchUp();
  const goesOn = victim.chapter.number === number && victim.chapter.retry === retry + 1;
  const end = victim.ends.at(-1);
  const reason = why === "accepted" && end?.kind === "retry" ? end.why.message : why;
  return { refused: goesOn, control: libraryAlone === "accepted" || twin === "accepted", why: reason, libraryAlone };
}

/** The records that end the attacker's stream with it. */
export async function sealHostile(
  attacker: Member,
  victim: Member,
  hostile: Pick<Hostile, "commit" | "operations" | "next" | "signedBy">,
): Promise<PreparedChange> {
  const { world, device, chapter, cursor } = attacker;
  const { me, secrets } = hostile.signedBy ?? device;
  const committed = {
    group: present(chapter.group ?? victim.chapter.group),
    commit: hostile.commit,
    welcome: undefined,
  };
  const next = await nextOf(attacker, hostile);
  return sealChange(world.primitives, me, secrets, chapter, cursor, next, hostile.operations ?? [], committed);
}

export async function inspect(
  attacker: Member,
  victim: Member,
  { commit, operations = [], next, signedBy }: Hostile,
): Promise<string> {
  const { chapter, book, world } = victim;
  const wanted = await nextOf(attacker, { operations, ...(next === undefined ? {} : { next }) });
  const binding = commitBinding(world.primitives, bindingOf(world.primitives, wanted, attacker.cursor));
  const committer = (signedBy ?? attacker.device).me;
  try {
    await inspectCommit(world.primitives, commit, {
      group: present(chapter.group),
      old: chapter.constitution,
      next: wanted,
      book,
      committer,
      binding,
    });
    return "accepted";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function processAlone(victim: Member, { commit, psks }: Hostile): Promise<string> {
  const verdict = await answer(async () => {
    const message = mls.decodeMlsMessage(commit, 0)?.[0];
    if (
      message === undefined ||
      (message.wireformat !== "mls_public_message" && message.wireformat !== "mls_private_message")
    )
      throw new Error("no handshake message");
    await mls.processMessage(
      message,
      lenient(victim),
      psks ?? mls.emptyPskIndex,
      mls.acceptAll,
      victim.world.primitives.mls,
    );
  });
  return verdict === "accepted" ? verdict : verdict.replace(/^broke: /, "refuses: ");
}

export function leafIndex(member: Member, { me }: Device | Member): number {
  return present(
    leavesOf(present(member.chapter.group)).find(
      ({ device }) => device.handle === me.handle && equalBytes(device.deviceId, me.deviceId),
    ),
    "a leaf",
  ).index;
}
