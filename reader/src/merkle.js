// The tree of the log: its arithmetic (RFC 6962 2.1 with SHA-256) and the verification of its proofs (RFC 9162 2.1.3.2 and 2.1.4.2), the twin of
// kernel/tlog/merkle.py. Sizes and indexes are BigInts; a hash is 32 bytes.

import { concat, same, sha256 } from "./bytes.js";
import { MAX_SIZE } from "./checkpoint.js";
import { Refusal, demand } from "./errors.js";

export const MAX_PROOF = 63;
const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function leafHash(entry) {
  return sha256(concat(LEAF, entry));
}

export function nodeHash(left, right) {
  return sha256(concat(NODE, left, right));
}

/** The root over leaf hashes. An odd last node is carried up unchanged, which gives RFC 6962's shape. */
export function rootOf(leafHashes) {
  let nodes = leafHashes;
  while (nodes.length > 1) {
    const above = [];
    for (let at = 0; at < nodes.length; at += 2) {
      above.push(at + 1 < nodes.length ? nodeHash(nodes[at], nodes[at + 1]) : nodes[at]);
    }
    nodes = above;
  }
  return nodes[0] ?? sha256(new Uint8Array());
}

/** Pass in silence if *proof* shows that *leaf* is leaf *index* of the tree with *size* leaves and *root*; refused with proof/... */
export function verifyInclusion(index, size, leaf, proof, root) {
  demand(root.length === HASH_BYTES, "proof/hash", `the root has ${root.length} bytes, and ${HASH_BYTES} are expected`);
  demand(
    same(inclusionRoot(index, size, leaf, proof), root),
    "proof/root",
    "the inclusion proof does not lead to the root of the checkpoint",
  );
}

/** The root that an inclusion proof leads to; refused with proof/... where it leads nowhere. */
export function inclusionRoot(index, size, leaf, proof) {
  demand(0n <= index && index < size && size <= MAX_SIZE, "proof/index", `the proof is for leaf ${index}, and the tree has ${size} leaves`);
  checkLengths(proof, leaf);
  let result = leaf;
  climb(index, size - 1n, proof, (sibling, isLeft) => {
    result = isLeft ? nodeHash(sibling, result) : nodeHash(result, sibling);
  });
  return result;
}

/**
 * Pass in silence if *proof* shows that the newer tree begins with the older one; refused with proof/... Equal sizes need equal roots and no
 * proof. A smaller size of 0 is refused, as RFC 9162 has it: there is nothing to prove.
 */
export function verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof) {
  demand(
    0n <= oldSize && oldSize <= newSize && newSize <= MAX_SIZE,
    "proof/sizes",
    `the tree cannot grow from size ${oldSize} to size ${newSize}`,
  );
  checkLengths(proof, oldRoot, newRoot);
  if (oldSize === newSize) {
    demand(proof.length === 0, "proof/length", `two trees of size ${oldSize} need no consistency proof`);
    demand(same(oldRoot, newRoot), "proof/root", `two trees of the same size ${oldSize} differ`);
    return;
  }
  demand(oldSize > 0n, "proof/empty-tree", "a tree of size 0 is a prefix of everything: there is nothing to prove");
  // Where the old size is a power of two, the old tree is a node of the new one, and its root is where the path begins.
  const path = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : [...proof];
  demand(path.length > 0, "proof/length", "the consistency proof is empty");
  let node = oldSize - 1n;
  let last = newSize - 1n;
  while (node & 1n) {
    node >>= 1n;
    last >>= 1n;
  }
  let [oldResult] = path;
  let newResult = oldResult;
  climb(node, last, path.slice(1), (sibling, isLeft) => {
    if (isLeft) oldResult = nodeHash(sibling, oldResult);
    newResult = isLeft ? nodeHash(sibling, newResult) : nodeHash(newResult, sibling);
  });
  demand(
    same(oldResult, oldRoot) && same(newResult, newRoot),
    "proof/root",
    "the consistency proof does not lead to the two roots",
  );
}

/** Take each sibling on the way from *node* to the root; *last* is the last node of the same level. The one loop of both sections. */
function climb(node, last, path, take) {
  for (const sibling of path) {
    if (last === 0n) throw new Refusal("proof/length", "the proof has more hashes than the tree has levels");
    const isLeft = (node & 1n) === 1n || node === last;
    take(sibling, isLeft);
    while (isLeft && !(node & 1n) && node) {
      node >>= 1n;
      last >>= 1n;
    }
    node >>= 1n;
    last >>= 1n;
  }
  demand(last === 0n, "proof/length", "the proof ends below the root");
}

function checkLengths(proof, ...hashes) {
  demand(proof.length <= MAX_PROOF, "proof/length", `the proof has ${proof.length} hashes, and at most ${MAX_PROOF} are allowed`);
  for (const hash of [...hashes, ...proof]) {
    demand(hash.length === HASH_BYTES, "proof/hash", `a hash of the proof has ${hash.length} bytes, and ${HASH_BYTES} are expected`);
  }
}
