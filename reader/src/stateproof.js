// Proofs that a state holds something for a key, or nothing (DESIGN 3.5, docs/formats/state.md), the twin of the verifying half of
// kernel/record/digest.py.
//
// A proof shows what a digest holds. That a digest is that of a record only a replay shows, or partners who replayed it and signed.

import { compare, same, sha256, utf8 } from "./bytes.js";
import { canonicalBytes, parseCanonical } from "./canonical.js";
import { demand } from "./errors.js";
import { inclusionRoot, leafHash } from "./merkle.js";

export const MAX_LEAF_BYTES = 1 << 24;

/**
 * The value that a state with *digest* holds for (part, key); refused with state/... or proof/...
 * @param {{count: bigint, leaves: {leaf: Uint8Array, index: bigint, hashes: Uint8Array[]}[]}} proof
 */
export function verifyPresent(proof, digest, part, key) {
  demand(proof.leaves.length === 1, "state/present", `presence takes one leaf, and the proof shows ${proof.leaves.length}`);
  const found = verified(proof, proof.leaves[0], digest);
  demand(found[0] === part && found[1] === key, "state/other-key", `the proof is of ${found[0]}/${found[1]}, not of ${part}/${key}`);
  return found[2];
}

/** Pass in silence if a state with *digest* holds nothing for (part, key); refused with state/... or proof/... */
export function verifyAbsent(proof, digest, part, key) {
  const prefix = prefixOf(part, key);
  if (proof.count === 0n) {
    const empty = proof.leaves.length === 0 && same(digest, sha256(new Uint8Array()));
    demand(empty, "state/absent", "the proof says that the state is empty, and its digest says otherwise");
    return;
  }
  let before = -1n;
  let after = -1n;
  for (const leaf of proof.leaves) {
    const [foundPart, foundKey] = verified(proof, leaf, digest);
    const order = compare(prefixOf(foundPart, foundKey), prefix);
    demand(order !== 0, "state/not-absent", `${part}/${key} is in the state`);
    if (order < 0) before = leaf.index;
    else after = leaf.index;
  }
  const shown = Number(before >= 0n) + Number(after >= 0n);
  demand(proof.leaves.length === shown, "state/absent", "absence takes the neighbours alone");
  const between = before >= 0n && after === before + 1n;
  const leftEnd = after === 0n && before < 0n;
  const rightEnd = before === proof.count - 1n && after < 0n;
  demand(between || leftEnd || rightEnd, "state/absent", `the proof leaves room for ${part}/${key} between its leaves`);
}

/** Whether one of a proof's leaves begins as that of (part, key) does; whether it is in the state, verifyPresent says. */
export function shows(proof, part, key) {
  const prefix = prefixOf(part, key);
  return proof.leaves.some(({ leaf }) => same(leaf.subarray(0, prefix.length), prefix));
}

/** The digest that the one leaf of a proof of presence leads to. */
export function digestOf(proof) {
  const [{ leaf, index, hashes }] = proof.leaves;
  return inclusionRoot(index, proof.count, leafHash(leaf), hashes);
}

/** What the leaf of (part, key) begins with, whatever its value; leaves are ordered as these prefixes are. */
function prefixOf(part, key) {
  const bytes = canonicalBytes([part, key]);
  bytes[bytes.length - 1] = utf8(",")[0];
  return bytes;
}

function verified(proof, { leaf, index, hashes }, digest) {
  demand(same(inclusionRoot(index, proof.count, leafHash(leaf), hashes), digest), "proof/root", "the state proof does not lead to the digest");
  const value = parseCanonical(leaf, MAX_LEAF_BYTES, "a leaf of the state");
  const isLeaf = Array.isArray(value) && value.length === 3 && value.slice(0, 2).every((name) => typeof name === "string");
  demand(isLeaf, "state/leaf", "a leaf of the state is not [part, key, value]");
  return value;
}
