"""The state digest and its proofs (DESIGN 3.5).

The digest of a state is the RFC 6962 root over the leaves ``canonical([part, key, value])`` in bytewise order, so that a phone can be shown
that one key is there (inclusion) or is not (its two neighbours) without replaying anything. A changed value costs O(log n) hashes;
insertions and removals shift everything to their right, so they are gathered and rehashed together, once per checkpoint.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.record.state import State, value_of
from commonhold.kernel.tlog.merkle import EMPTY_ROOT, leaf_hash, node_hash, verify_inclusion

MAX_LEAF_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class LeafProof:
    """One leaf of a state, its place, and the hashes from it to the digest."""

    leaf: bytes
    index: int
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StateProof:
    """That a key is present (one leaf) or absent (its neighbours: two, one at an end, none in an empty state) among *count* leaves."""

    count: int
    leaves: tuple[LeafProof, ...]


def leaf_bytes(part: str, key: str, value: Any) -> bytes:
    """The leaf that stands for one value of a state."""
    return canonical_bytes([part, key, value_of(value)])


def prefix_of(part: str, key: str) -> bytes:
    """What the leaf of (part, key) begins with, whatever its value; leaves are ordered as these prefixes are."""
    return canonical_bytes([part, key])[:-1] + b","


class StateTree:
    """The Merkle tree over a state's leaves, kept in step with the state change by change."""

    def __init__(self) -> None:
        self._prefixes: list[bytes] = []
        self._leaves: list[bytes] = []
        # levels[0] are the leaf hashes; an odd last node is carried up unchanged, which gives RFC 6962's shape.
        self._levels: list[list[bytes]] = [[]]

    @classmethod
    def of(cls, state: State) -> StateTree:
        """The tree of a whole state."""
        tree = cls()
        tree.update({(part, key): value for part, values in state.parts.items() for key, value in values.items()})
        return tree

    @property
    def count(self) -> int:
        """How many leaves there are."""
        return len(self._leaves)

    def update(self, changes: Mapping[tuple[str, str], Any]) -> None:
        """Bring the tree in step: each key with its new value, or None where it is gone.

        Raises:
            FormatError: for a key or value without canonical form; the tree is then as it was.
        """
        hashes = self._levels[0]
        changed: list[int] = []
        added: list[tuple[bytes, bytes]] = []
        gone: set[int] = set()
        # All leaves first: a value without canonical form is refused while nothing has changed yet.
        leaves = [(prefix_of(*place), b"" if value is None else leaf_bytes(*place, value)) for place, value in changes.items()]
        for prefix, leaf in leaves:
            at = bisect_left(self._prefixes, prefix)
            present = at < len(self._prefixes) and self._prefixes[at] == prefix
            if present and not leaf:
                gone.add(at)
            elif present and leaf != self._leaves[at]:
                self._leaves[at], hashes[at] = leaf, leaf_hash(leaf)
                changed.append(at)
            elif leaf and not present:
                added.append((prefix, leaf))
        if not added and not gone:
            for at in changed:
                self._rehash_path(at)
            return
        first = min([*changed, *gone, *(bisect_left(self._prefixes, prefix) for prefix, _ in added)])
        rows = [row for at, row in enumerate(zip(self._prefixes, self._leaves, hashes, strict=True)) if at >= first and at not in gone]
        rows += [(prefix, leaf, leaf_hash(leaf)) for prefix, leaf in added]
        rows.sort()
        self._prefixes[first:], self._leaves[first:], hashes[first:] = ([row[i] for row in rows] for i in range(3))
        self._rehash_from(first)

    def root(self) -> bytes:
        """The state digest."""
        return self._levels[-1][0] if self._leaves else EMPTY_ROOT

    def prove(self, part: str, key: str) -> StateProof:
        """The proof that (part, key) is present, or that it is absent."""
        prefix = prefix_of(part, key)
        at = bisect_left(self._prefixes, prefix)
        if at < self.count and self._prefixes[at] == prefix:
            return StateProof(self.count, (self._proof(at),))
        return StateProof(self.count, tuple(self._proof(i) for i in (at - 1, at) if 0 <= i < self.count))

    def _proof(self, index: int) -> LeafProof:
        hashes = []
        for level, nodes in enumerate(self._levels):
            sibling = (index >> level) ^ 1
            if sibling < len(nodes):
                hashes.append(nodes[sibling])
        return LeafProof(self._leaves[index], index, tuple(hashes))

    def _rehash_path(self, at: int) -> None:
        for level in range(1, len(self._levels)):
            at >>= 1
            self._levels[level][at] = self._node(self._levels[level - 1], at)

    def _rehash_from(self, first: int) -> None:
        level = 0
        while len(self._levels[level]) > 1:
            below = self._levels[level]
            level += 1
            first >>= 1
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level][first:] = [self._node(below, i) for i in range(first, (len(below) + 1) // 2)]
        del self._levels[level + 1 :]

    @staticmethod
    def _node(below: Sequence[bytes], i: int) -> bytes:
        return node_hash(below[2 * i], below[2 * i + 1]) if 2 * i + 1 < len(below) else below[2 * i]


def verify_present(proof: StateProof, digest: bytes, part: str, key: str) -> Any:
    """The value that a state with this *digest* holds for (part, key).

    Raises:
        ProofError: if the proof does not show that.
        FormatError: if its leaf is not one of a state.
    """
    if len(proof.leaves) != 1:
        raise ProofError(f"the proof of {part}/{key} shows {len(proof.leaves)} leaves, and presence takes one", code="state/present")
    leaf = proof.leaves[0]
    found = _verified(proof, leaf, digest)
    if found[:2] != [part, key]:
        raise ProofError(f"the proof is of {found[0]}/{found[1]}, not of {part}/{key}", code="state/other-key")
    return found[2]


def verify_absent(proof: StateProof, digest: bytes, part: str, key: str) -> None:
    """Pass in silence if a state with this *digest* holds nothing for (part, key).

    Raises:
        ProofError: if the proof does not show two neighbours with nothing between them, or an end of the list.
        FormatError: if a leaf is not one of a state.
    """
    prefix = prefix_of(part, key)
    if proof.count == 0:
        if proof.leaves or digest != EMPTY_ROOT:
            raise ProofError("the proof says that the state is empty, and its digest says otherwise", code="state/absent")
        return
    before = after = -1
    for leaf in proof.leaves:
        found = _verified(proof, leaf, digest)
        mine = prefix_of(found[0], found[1])
        if mine == prefix:
            raise ProofError(f"{part}/{key} is in the state", code="state/not-absent")
        if mine < prefix:
            before = leaf.index
        else:
            after = leaf.index
    if len(proof.leaves) != (before >= 0) + (after >= 0):
        raise ProofError(f"the proof shows {len(proof.leaves)} leaves, and absence takes the neighbours alone", code="state/absent")
    left_end, right_end = after == 0, before == proof.count - 1
    between = before >= 0 and after == before + 1
    if not (between or (left_end and before < 0) or (right_end and after < 0)):
        raise ProofError(f"the proof leaves room for {part}/{key} between its leaves", code="state/absent")


def _verified(proof: StateProof, leaf: LeafProof, digest: bytes) -> list[Any]:
    verify_inclusion(leaf.index, proof.count, leaf_hash(leaf.leaf), leaf.hashes, digest)
    value = parse_canonical(leaf.leaf, max_size=MAX_LEAF_BYTES, what="a leaf of the state")
    if type(value) is not list or len(value) != 3 or not all(isinstance(name, str) for name in value[:2]):
        raise FormatError("a leaf of the state is not [part, key, value]", code="state/leaf")
    return value
