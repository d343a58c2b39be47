import { BullaError } from "@bulla/wire";
import * as mls from "ts-mls";
import { encodeGroupContext } from "ts-mls/groupContext.js";
import { verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import type { Primitives } from "../primitives.ts";
import { configured, type Group, type LeafAuthority } from "./group.ts";
import { type Leaf, leavesOfTree, treeOf } from "./leaf.ts";
import { decodeExactly } from "./mls-message.ts";

/** Private GroupInfo extension that carries H(constitution). */
const constitutionExtension = 0xf0c5;

/** GroupInfo with external_pub and ratchet tree, signed by this device's leaf. */
export async function exportGroupInfo(
  primitives: Primitives,
  group: Group,
  constitutionHash: Uint8Array,
  authority: LeafAuthority,
): Promise<Uint8Array> {
  const extension = { extensionType: constitutionExtension, extensionData: constitutionHash };
  const groupInfo = await mls.createGroupInfoWithExternalPubAndRatchetTree(
    configured(group, authority),
    [extension],
    primitives.mls,
  );
  return mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo });
}

/** A GroupInfo whose signature was checked against the leaf that it names. */
export interface VerifiedGroupInfo {
  readonly info: mls.GroupInfo;
  readonly tree: mls.RatchetTree;
  readonly leaves: readonly Leaf[];
  readonly constitutionHash: Uint8Array;
  readonly transcript: Uint8Array;
  readonly epoch: bigint;
  readonly groupId: Uint8Array;
}

/** @throws BullaError space/refused-opening */
export async function verifyGroupInfo(primitives: Primitives, input: Uint8Array): Promise<VerifiedGroupInfo> {
  const refused = (why: string): BullaError => new BullaError("space/refused-opening", `opening refused: ${why}`);
  const message = decodeExactly(input);
  if (message.wireformat !== "mls_group_info") throw refused("it holds no GroupInfo");
  const { groupInfo } = message;
  const tree = treeOf(groupInfo);
  const leaves = leavesOfTree(tree);
  const signer = leaves.find((leaf) => leaf.index === groupInfo.signer);
  if (
    signer === undefined ||
    !(await verifyGroupInfoSignature(groupInfo, signer.signatureKey, primitives.mls.signature))
  )
    throw refused("its GroupInfo is not signed by a leaf");
  const extension = groupInfo.extensions.find((candidate) => candidate.extensionType === constitutionExtension);
  if (extension === undefined) throw refused("its GroupInfo names no constitution");
  const { confirmedTranscriptHash, epoch, groupId } = groupInfo.groupContext;
  return {
    info: groupInfo,
    tree,
    leaves,
    constitutionHash: extension.extensionData,
    transcript: confirmedTranscriptHash,
    epoch,
    groupId,
  };
}

/** What the epoch itself says a GroupInfo must contain: GroupContext, confirmation tag and external_pub. */
export interface EpochFacts {
  readonly groupContext: Uint8Array;
  readonly confirmationTag: Uint8Array;
  readonly externalPub: Uint8Array;
}

export async function factsOfGroup(primitives: Primitives, { state }: Group): Promise<EpochFacts> {
  const { publicKey } = await primitives.mls.hpke.deriveKeyPair(state.keySchedule.externalSecret);
  return {
    groupContext: encodeGroupContext(state.groupContext),
    confirmationTag: state.confirmationTag,
    externalPub: await primitives.mls.hpke.exportPublicKey(publicKey),
  };
}

export function factsOfGroupInfo({ info }: VerifiedGroupInfo): EpochFacts {
  const externalPub =
    info.extensions.find((extension) => extension.extensionType === "external_pub")?.extensionData ?? new Uint8Array();
  return { groupContext: encodeGroupContext(info.groupContext), confirmationTag: info.confirmationTag, externalPub };
}
