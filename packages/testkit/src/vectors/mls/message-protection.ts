import {
  type CiphersuiteImpl,
  defaultKeyRetentionConfig,
  defaultPaddingConfig,
  type GroupContext,
  type PrivateMessage,
  type PublicMessage,
  type RatchetTree,
} from "ts-mls";
import type { AuthenticatedContent } from "ts-mls/authenticatedContent.js";
import { decodeCommit, encodeCommit } from "ts-mls/commit.js";
import { createContentCommitSignature } from "ts-mls/framedContent.js";
import { protect, protectApplicationData, protectProposal, unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import { protectProposalPublic, protectPublicMessage, unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { decodeProposal, encodeProposal } from "ts-mls/proposal.js";
import { createSecretTree, type SecretTree } from "ts-mls/secretTree.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import type { VectorTally } from "../vector-tally.ts";
import { decoded, decodedMessage } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface MessageProtectionVector extends SuiteVector {
  readonly group_id: string;
  readonly epoch: number;
  readonly tree_hash: string;
  readonly confirmed_transcript_hash: string;
  readonly signature_priv: string;
  readonly signature_pub: string;
  readonly encryption_secret: string;
  readonly sender_data_secret: string;
  readonly membership_key: string;
  readonly proposal: string;
  readonly proposal_priv: string;
  readonly proposal_pub: string;
  readonly commit: string;
  readonly commit_priv: string;
  readonly commit_pub: string;
  readonly application: string;
  readonly application_priv: string;
}

const none = new Uint8Array(0);
const sender = 1;

/** mls-implementations, message-protection: open each given PublicMessage and PrivateMessage, then protect the same content and open that. */
export function runMessageProtection(
  vectors: readonly MessageProtectionVector[],
  suiteOf: SuiteOf,
): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, suite) => {
    const scene = await setScene(vector, suite);
    return (
      isHex(
        contentBytes(await scene.openPublic(decodedMessage("mls_public_message", vector.proposal_pub).publicMessage)),
        vector.proposal,
      ) &&
      isHex(
        contentBytes(await scene.openPublic(decodedMessage("mls_public_message", vector.commit_pub).publicMessage)),
        vector.commit,
      ) &&
      isHex(
        contentBytes(
          await scene.openPrivate(decodedMessage("mls_private_message", vector.proposal_priv).privateMessage),
        ),
        vector.proposal,
      ) &&
      isHex(
        contentBytes(await scene.openPrivate(decodedMessage("mls_private_message", vector.commit_priv).privateMessage)),
        vector.commit,
      ) &&
      isHex(
        contentBytes(
          await scene.openPrivate(decodedMessage("mls_private_message", vector.application_priv).privateMessage),
        ),
        vector.application,
      ) &&
      (await protectsProposals(vector, scene)) &&
      (await protectsCommits(vector, scene)) &&
      (await protectsApplicationData(vector, scene))
    );
  });
}

interface Scene {
  readonly suite: CiphersuiteImpl;
  readonly context: GroupContext;
  readonly secrets: SecretTree;
  readonly signKey: Uint8Array;
  readonly senderDataSecret: Uint8Array;
  readonly membershipKey: Uint8Array;
  openPublic(message: PublicMessage): Promise<AuthenticatedContent>;
  openPrivate(message: PrivateMessage): Promise<AuthenticatedContent>;
}

async function setScene(vector: MessageProtectionVector, suite: CiphersuiteImpl): Promise<Scene> {
  const context: GroupContext = {
    version: "mls10",
    cipherSuite: suite.name,
    groupId: hexBytes(vector.group_id),
    epoch: BigInt(vector.epoch),
    treeHash: hexBytes(vector.tree_hash),
    confirmedTranscriptHash: hexBytes(vector.confirmed_transcript_hash),
    extensions: [],
  };
  const secrets = await createSecretTree(2, hexBytes(vector.encryption_secret), suite.kdf);
  const [signKey, publicKey] = [hexBytes(vector.signature_priv), hexBytes(vector.signature_pub)];
  const [senderDataSecret, membershipKey] = [hexBytes(vector.sender_data_secret), hexBytes(vector.membership_key)];
  return {
    suite,
    context,
    secrets,
    signKey,
    senderDataSecret,
    membershipKey,
    openPublic: (message) => unprotectPublicMessage(membershipKey, context, [], message, suite, publicKey),
    openPrivate: async (message) =>
      (
        await unprotectPrivateMessage(
          senderDataSecret,
          message,
          secrets,
          treeWithSender,
          context,
          defaultKeyRetentionConfig,
          suite,
          publicKey,
        )
      ).content,
  };
}

async function protectsProposals(vector: MessageProtectionVector, scene: Scene): Promise<boolean> {
  const { suite, context, secrets, signKey, senderDataSecret, membershipKey } = scene;
  const proposal = decoded(decodeProposal, vector.proposal);
  const open = await protectProposalPublic(signKey, membershipKey, context, none, proposal, sender, suite);
  const sealed = await protectProposal(
    signKey,
    senderDataSecret,
    proposal,
    none,
    context,
    secrets,
    sender,
    defaultPaddingConfig,
    suite,
  );
  return (
    isHex(contentBytes(await scene.openPublic(open.publicMessage)), vector.proposal) &&
    isHex(contentBytes(await scene.openPrivate(sealed.privateMessage)), vector.proposal)
  );
}

async function protectsCommits(vector: MessageProtectionVector, scene: Scene): Promise<boolean> {
  const { suite, context, secrets, signKey, senderDataSecret, membershipKey } = scene;
  const commit = decoded(decodeCommit, vector.commit);
  const confirmationTag = new Uint8Array(suite.kdf.size);
  const signed = (
    wireformat: "mls_public_message" | "mls_private_message",
  ): ReturnType<typeof createContentCommitSignature> =>
    createContentCommitSignature(
      context,
      wireformat,
      commit,
      { senderType: "member", leafIndex: sender },
      none,
      signKey,
      suite.signature,
    );

  const forPublic = await signed("mls_public_message");
  const open = await protectPublicMessage(
    membershipKey,
    context,
    {
      wireformat: "mls_public_message",
      content: forPublic.framedContent,
      auth: { contentType: "commit", signature: forPublic.signature, confirmationTag },
    },
    suite,
  );
  const forPrivate = await signed("mls_private_message");
  const auth = { contentType: "commit", signature: forPrivate.signature, confirmationTag } as const;
  const content = { ...forPrivate.framedContent, auth };
  const sealed = await protect(senderDataSecret, none, context, secrets, content, sender, defaultPaddingConfig, suite);
  return (
    isHex(contentBytes(await scene.openPublic(open)), vector.commit) &&
    isHex(contentBytes(await scene.openPrivate(sealed.privateMessage)), vector.commit)
  );
}

async function protectsApplicationData(vector: MessageProtectionVector, scene: Scene): Promise<boolean> {
  const { suite, context, secrets, signKey, senderDataSecret } = scene;
  const data = hexBytes(vector.application);
  const sealed = await protectApplicationData(
    signKey,
    senderDataSecret,
    data,
    none,
    context,
    secrets,
    sender,
    defaultPaddingConfig,
    suite,
  );
  return isHex(contentBytes(await scene.openPrivate(sealed.privateMessage)), vector.application);
}

function contentBytes({ content }: AuthenticatedContent): Uint8Array {
  if (content.contentType === "proposal") return encodeProposal(content.proposal);
  if (content.contentType === "commit") return encodeCommit(content.commit);
  return content.applicationData;
}

/** Opening a PrivateMessage wants a leaf where the sender is; the vectors bring its signature key and no tree. */
const treeWithSender: RatchetTree = [
  undefined,
  undefined,
  {
    nodeType: "leaf",
    leaf: {
      leafNodeSource: "commit",
      hpkePublicKey: none,
      signaturePublicKey: none,
      credential: { credentialType: "basic", identity: none },
      capabilities: { versions: [], ciphersuites: [], extensions: [], proposals: [], credentials: [] },
      parentHash: none,
      extensions: [],
      signature: none,
    },
  },
];
