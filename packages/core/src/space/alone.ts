import type * as mls from "ts-mls";
import { createConfirmationTag } from "ts-mls/framedContent.js";
import { initializeEpoch } from "ts-mls/keySchedule.js";
import { protectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { leafWidth } from "ts-mls/treemath.js";

/** A commit as the library made it, and the state that it leads to. */
export interface MadeCommit {
  readonly newState: mls.GroupState;
  readonly commit: mls.MLSMessage;
}

/** Give an epoch whose only leaf is its committer a commit secret that nobody else knows. Above that leaf there are no nodes, and ts-mls then counts a secret of zeros:
 *  whoever held the epoch before, the member that the commit removed included, would derive the new one. RFC 9420 §7.4 derives it from the path secret of the leaf;
 *  the library does not give that out, but as nobody else may derive the epoch, a random secret is as good. Other commits stay as they are. */
export async function secretWhenAlone(
  suite: mls.CiphersuiteImpl,
  before: mls.GroupState,
  made: MadeCommit,
): Promise<MadeCommit> {
  const { newState, commit } = made;
  const leaves = newState.ratchetTree.filter((node) => node?.nodeType === "leaf");
  if (leaves.length !== 1 || commit.wireformat !== "mls_public_message") return made;
  const { content, auth } = commit.publicMessage;
  if (content.contentType !== "commit" || auth.contentType !== "commit") return made;
  const { groupContext } = newState;
  const commitSecret = suite.rng.randomBytes(suite.kdf.size);
  const noPsk = new Uint8Array(suite.kdf.size);
  const { keySchedule, encryptionSecret, joinerSecret } = await initializeEpoch(
    before.keySchedule.initSecret,
    commitSecret,
    groupContext,
    noPsk,
    suite.kdf,
  );
  const confirmationTag = await createConfirmationTag(
    keySchedule.confirmationKey,
    groupContext.confirmedTranscriptHash,
    suite.hash,
  );
  const wireformat = "mls_public_message";
  const publicMessage = await protectPublicMessage(
    before.keySchedule.membershipKey,
    before.groupContext,
    { wireformat, content, auth: { ...auth, confirmationTag } },
    suite,
  );
  const secretTree = await createSecretTree(leafWidth(newState.ratchetTree.length), encryptionSecret, suite.kdf);
  for (const secret of [commitSecret, encryptionSecret, joinerSecret]) secret.fill(0);
  return {
    newState: { ...newState, keySchedule, secretTree, confirmationTag },
    commit: { version: "mls10", wireformat, publicMessage },
  };
}
