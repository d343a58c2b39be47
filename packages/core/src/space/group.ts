import { BullaError } from "@bulla/wire";
import * as mls from "ts-mls";
import { ValidationError } from "ts-mls/mlsError.js";
import type { DeviceSecrets } from "../identity/device-secrets.ts";
import type { Primitives } from "../primitives.ts";
import { secretWhenAlone } from "./alone.ts";
import { type Leaf, leavesOfTree } from "./leaf.ts";
import { decodeIdentity, encodeIdentity, type MemberDevice } from "./member-device.ts";
import { checkPathKeys, withoutBlankKeys } from "./path-keys.ts";

/** The one door to the MLS library: everything else in `space/` speaks in these types. State values are immutable. */
export interface Group {
  readonly state: mls.GroupState;
}

/** Whether an identity chain certifies this leaf key for this device. */
export type LeafAuthority = (device: MemberDevice, signatureKey: Uint8Array) => boolean;

/** MLS_256_XWING_AES256GCM_SHA512_Ed25519, private id 83. */
export const suiteId = 83;

const noPsk = mls.emptyPskIndex;

function config(authority: LeafAuthority): mls.ClientConfig {
  return {
    // A stream is totally ordered and ends with its closing record, so keys of an older epoch are never needed; 0 would keep all of them.
    keyRetentionConfig: { retainKeysForGenerations: 256, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 4096 },
    lifetimeConfig: mls.defaultLifetimeConfig,
    keyPackageEqualityConfig: mls.defaultKeyPackageEqualityConfig,
    paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
    authService: {
      validateCredential: async (credential, signatureKey) => {
        if (credential.credentialType !== "basic" || !("identity" in credential)) return false;
        try {
          return authority(decodeIdentity(credential.identity), signatureKey);
        } catch {
          return false;
        }
      },
    },
  };
}

/** The library's state with our rules beside it: it does not store them. */
export function configured({ state }: Group, authority: LeafAuthority): mls.ClientState {
  return { ...state, clientConfig: config(authority) };
}

/** Drops what an older epoch left behind: nothing follows a closing record. */
function settled(state: mls.GroupState): Group {
  return { state: { ...withoutBlankKeys(state), historicalReceiverData: new Map() } };
}

export function capabilities(): mls.Capabilities {
  return {
    versions: ["mls10"],
    ciphersuites: ["MLS_256_XWING_AES256GCM_SHA512_Ed25519"],
    extensions: [],
    proposals: [],
    credentials: ["basic"],
  };
}

/** Whether a leaf says that it can do all that a space asks for. The library takes a leaf that says it cannot, and then refuses every later commit because of it. */
export function isAble({ versions, ciphersuites, credentials }: mls.Capabilities): boolean {
  const need = capabilities().ciphersuites;
  return (
    versions.includes("mls10") && credentials.includes("basic") && need.every((suite) => ciphersuites.includes(suite))
  );
}

export interface KeyPackagePair {
  readonly publicPackage: mls.KeyPackage;
  readonly privatePackage: mls.PrivateKeyPackage;
}

export async function generateKeyPackage(
  primitives: Primitives,
  device: MemberDevice,
  secrets: DeviceSecrets,
  lifetime: mls.Lifetime,
): Promise<KeyPackagePair> {
  const keys = { signKey: secrets.leafSeed, publicKey: primitives.ed25519PublicKey(secrets.leafSeed) };
  return mls.generateKeyPackageWithKey(
    { credentialType: "basic", identity: encodeIdentity(device) },
    capabilities(),
    lifetime,
    [],
    keys,
    primitives.mls,
  );
}

export async function foundGroup(
  primitives: Primitives,
  space: Uint8Array,
  pair: KeyPackagePair,
  authority: LeafAuthority,
): Promise<Group> {
  return settled(
    await mls.createGroup(space, pair.publicPackage, pair.privatePackage, [], primitives.mls, config(authority)),
  );
}

export interface GroupChange {
  readonly add: readonly mls.KeyPackage[];
  /** Leaf indices. */
  readonly remove: readonly number[];
}

export interface CommittedGroup {
  readonly group: Group;
  readonly commit: Uint8Array;
  readonly welcome: Uint8Array | undefined;
}

/** Commit as a PublicMessage, which members can inspect before they apply anything. */
export async function commitChange(
  primitives: Primitives,
  group: Group,
  { add, remove }: GroupChange,
  authenticatedData: Uint8Array,
  authority: LeafAuthority,
): Promise<CommittedGroup> {
  const extraProposals: mls.Proposal[] = [
    ...remove.map((removed): mls.Proposal => ({ proposalType: "remove", remove: { removed } })),
    ...add.map((keyPackage): mls.Proposal => ({ proposalType: "add", add: { keyPackage } })),
  ];
  const context = { state: configured(group, authority), cipherSuite: primitives.mls };
  const { welcome, ...made } = await mls.createCommit(context, {
    extraProposals,
    wireAsPublicMessage: true,
    ratchetTreeExtension: false,
    authenticatedData,
  });
  const { newState, commit } = await secretWhenAlone(primitives.mls, group.state, made);
  const welcomeBytes =
    welcome === undefined ? undefined : mls.encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome });
  return { group: settled(newState), commit: mls.encodeMlsMessage(commit), welcome: welcomeBytes };
}

/** Apply a commit that was inspected before. Undefined: this device was removed by it.
 *  @throws BullaError space/refused-commit for what is wrong in public bytes, so that every member finds the same; whatever the library throws when it does not work for this device */
export async function applyCommit(
  primitives: Primitives,
  group: Group,
  message: mls.PublicMessage,
  authority: LeafAuthority,
): Promise<Group | undefined> {
  const framed = { wireformat: "mls_public_message", publicMessage: message } as const;
  const { newState } = await mls
    .processMessage(framed, configured(group, authority), noPsk, mls.acceptAll, primitives.mls)
    .catch((cause: unknown) => {
      throw cause instanceof ValidationError
        ? new BullaError("space/refused-commit", "commit refused: it is not valid for this group", { cause })
        : cause;
    });
  if (newState.groupActiveState.kind !== "active") return undefined;
  const next = settled(newState);
  await checkPathKeys(primitives, group.state, next.state);
  return next;
}

export function leavesOf({ state }: Group): readonly Leaf[] {
  return leavesOfTree(state.ratchetTree);
}

export function transcriptOf({ state }: Group): Uint8Array {
  return state.groupContext.confirmedTranscriptHash;
}

/** K_n = MLS-Exporter("bulla/1 chapter", ctx_n, 32), RFC 9420 §8.5. */
export async function exportSecret(
  primitives: Primitives,
  { state }: Group,
  label: string,
  context: Uint8Array,
): Promise<Uint8Array> {
  return mls.mlsExporter(state.keySchedule.exporterSecret, label, context, 32, primitives.mls);
}

/** Holds private keys: for the sealed local store only. */
export function encodeGroup({ state }: Group): Uint8Array {
  return mls.encodeGroupState(state);
}

/** @throws BullaError wire/malformed */
export function decodeGroup(input: Uint8Array): Group {
  const decoded = mls.decodeGroupState(input, 0);
  if (decoded === undefined || decoded[1] !== input.length)
    throw new BullaError("wire/malformed", "malformed item: group state");
  return { state: decoded[0] };
}
