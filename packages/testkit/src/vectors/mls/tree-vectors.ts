import type { Proposal, RatchetTree } from "ts-mls";
import { verifyLeafNodeSignature } from "ts-mls/leafNode.js";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import { decodeProposal } from "ts-mls/proposal.js";
import {
  addLeafNode,
  decodeRatchetTree,
  encodeRatchetTree,
  removeLeafNode,
  resolution,
  updateLeafNode,
} from "ts-mls/ratchetTree.js";
import { treeHash, treeHashRoot } from "ts-mls/treeHash.js";
import {
  left,
  nodeToLeafIndex,
  nodeWidth,
  parent,
  right,
  root,
  sibling,
  toLeafIndex,
  toNodeIndex,
} from "ts-mls/treemath.js";
import { hexBytes, isHex } from "../vector-bytes.ts";
import { tallyCases, type VectorTally } from "../vector-tally.ts";
import { decoded } from "./decoded.ts";
import { runSuiteVectors, type SuiteOf, type SuiteVector } from "./suite-vectors.ts";

export interface TreeOperationsVector extends SuiteVector {
  readonly tree_before: string;
  readonly proposal: string;
  readonly proposal_sender: number;
  readonly tree_hash_before: string;
  readonly tree_after: string;
  readonly tree_hash_after: string;
}

/** mls-implementations, tree-operations: the tree after an Add, Update or Remove. */
export function runTreeOperations(vectors: readonly TreeOperationsVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, { hash }) => {
    const before = decoded(decodeRatchetTree, vector.tree_before);
    if (!isHex(await treeHashRoot(before, hash), vector.tree_hash_before)) return false;
    const after = applied(before, decoded(decodeProposal, vector.proposal), vector.proposal_sender);
    return (
      isHex(encodeRatchetTree(after), vector.tree_after) &&
      isHex(await treeHashRoot(after, hash), vector.tree_hash_after)
    );
  });
}

function applied(tree: RatchetTree, proposal: Proposal, sender: number): RatchetTree {
  if ("add" in proposal) return addLeafNode(tree, proposal.add.keyPackage.leafNode)[0];
  if ("update" in proposal) return updateLeafNode(tree, proposal.update.leafNode, toLeafIndex(sender));
  if ("remove" in proposal) return removeLeafNode(tree, toLeafIndex(proposal.remove.removed));
  throw new Error("the vector holds another proposal than Add, Update or Remove");
}

export interface TreeValidationVector extends SuiteVector {
  readonly tree: string;
  readonly group_id: string;
  readonly resolutions: readonly (readonly number[])[];
  readonly tree_hashes: readonly string[];
}

/** mls-implementations, tree-validation: resolutions, tree hashes, parent hashes and the signature of every leaf. */
export function runTreeValidation(vectors: readonly TreeValidationVector[], suiteOf: SuiteOf): Promise<VectorTally> {
  return runSuiteVectors(vectors, suiteOf, async (vector, { hash, signature }) => {
    const tree = decoded(decodeRatchetTree, vector.tree);
    for (const [index, expected] of vector.tree_hashes.entries()) {
      if (!isHex(await treeHash(tree, toNodeIndex(index), hash), expected)) return false;
    }
    for (const [index, expected] of vector.resolutions.entries()) {
      if (resolution(tree, toNodeIndex(index)).join() !== expected.join()) return false;
    }
    for (const [index, node] of tree.entries()) {
      if (node?.nodeType !== "leaf") continue;
      const leafIndex = nodeToLeafIndex(toNodeIndex(index));
      if (!(await verifyLeafNodeSignature(node.leaf, hexBytes(vector.group_id), leafIndex, signature))) return false;
    }
    return verifyParentHashes(tree, hash);
  });
}

export interface TreeMathVector {
  readonly n_leaves: number;
  readonly n_nodes: number;
  readonly root: number;
  readonly left: readonly (number | null)[];
  readonly right: readonly (number | null)[];
  readonly parent: readonly (number | null)[];
  readonly sibling: readonly (number | null)[];
}

/** mls-implementations, tree-math. Where the vector says null, ts-mls throws. */
export function runTreeMath(vectors: readonly TreeMathVector[]): Promise<VectorTally> {
  return tallyCases(
    vectors.map((vector) => {
      const leaves = vector.n_leaves;
      const agrees = (expected: readonly (number | null)[], relative: (index: number) => number): boolean =>
        expected.every((value, index) => orNull(() => relative(index)) === value);
      return {
        name: `${leaves} leaves`,
        check: () =>
          nodeWidth(leaves) === vector.n_nodes &&
          root(leaves) === vector.root &&
          agrees(vector.left, (index) => left(toNodeIndex(index))) &&
          agrees(vector.right, (index) => right(toNodeIndex(index))) &&
          agrees(vector.parent, (index) => parent(toNodeIndex(index), leaves)) &&
          agrees(vector.sibling, (index) => sibling(toNodeIndex(index), leaves)),
      };
    }),
  );
}

function orNull(relative: () => number): number | null {
  try {
    return relative();
  } catch {
    return null;
  }
}
