import { BullaError, equalBytes } from "@bulla/wire";
import type * as mls from "ts-mls";
import type { Primitives } from "../primitives.ts";

/** The state without private keys of nodes that are blank or gone. The library keeps them, and with them what was sealed to those nodes before; and where the root itself is blank,
 *  because only one half of the tree has leaves, it derives a key for it that belongs to nobody. */
export function withoutBlankKeys(state: mls.GroupState): mls.GroupState {
  const { privatePath, ratchetTree } = state;
  const held = Object.entries(privatePath.privateKeys).filter(([index]) => ratchetTree[Number(index)] !== undefined);
  return { ...state, privatePath: { ...privatePath, privateKeys: Object.fromEntries(held) } };
}

/** RFC 9420 §7.5: the keys that a path secret yields must be those that the UpdatePath names. The library does not compare them, so a committer could hand out
 *  private keys that fit nothing, and break whoever uses them in a later commit. Blank nodes must have no key any more.
 *  @throws BullaError core/bad-key */
export async function checkPathKeys(
  primitives: Primitives,
  before: mls.GroupState,
  after: mls.GroupState,
): Promise<void> {
  for (const [index, key] of Object.entries(after.privatePath.privateKeys)) {
    const known = before.privatePath.privateKeys[Number(index)];
    if (known !== undefined && equalBytes(known, key)) continue;
    const node = after.ratchetTree[Number(index)];
    const named = node?.nodeType === "leaf" ? node.leaf.hpkePublicKey : node?.parent.hpkePublicKey;
    if (named === undefined || !equalBytes(await primitives.xwingPublicKey(key), named))
      throw new BullaError("core/bad-key", "commit hands out keys that do not fit its path");
  }
}
