"""The tree of the log, held in memory, and the verification of its proofs.

:class:`Tree` keeps everything, :class:`Frontier` only the right edge. Proofs are verified as in RFC 9162 sections 2.1.3.2 and 2.1.4.2,
by code that shares nothing with the code that makes them but the node hash.

Not here: the arithmetic of ranges (:mod:`.hashes`), tiles (:mod:`.tiles`), signatures (:mod:`.checkpoint`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.tlog.hashes import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_SIZE,
    NodeSource,
    check_hash,
    consistency_ranges,
    inclusion_ranges,
    leaf_hash,
    node_hash,
    range_root,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "MAX_PROOF",
    "MAX_SIZE",
    "Frontier",
    "Tree",
    "leaf_hash",
    "node_hash",
    "verify_consistency",
    "verify_inclusion",
]

MAX_PROOF: Final = 63
"""The bound that tlog-witness sets; only a consistency proof in a log of more than 2**62 entries would need one more."""
_ROOTS_KEPT: Final = 64


class Tree:
    """An append-only tree in memory that remembers every complete subtree, so that every earlier root and proof stays within reach.

    Appending costs one node hash on average; a root costs one hash for each set bit of its size; 64 bytes are kept for each leaf.
    Not safe for appending from several threads.
    """

    __slots__ = ("_levels", "_roots", "_size")

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        # One bytearray for each level: two neighbours lie side by side, ready to be hashed together.
        self._levels: list[bytearray] = [bytearray()]
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._size = 0
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def __len__(self) -> int:
        return self._size

    def copy(self) -> Tree:
        """The tree as it is now, which stays so whatever is appended to this one."""
        tree = Tree()
        tree._levels = [bytearray(level) for level in self._levels]
        tree._roots, tree._size = dict(self._roots), self._size
        return tree

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf at the right.

        Args:
            leaf_hash: the 32 bytes of :func:`leaf_hash`, not the entry itself.

        Raises:
            FormatError: for another length; the tree is then unchanged.
        """
        check_hash(leaf_hash, "leaf hash")
        self._size = rest = self._size + 1
        levels = self._levels
        levels[0] += leaf_hash
        level = 0
        while not rest & 1:
            nodes = levels[level]
            parent = node_hash(nodes[-64:-32], nodes[-32:])
            rest >>= 1
            level += 1
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += parent

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add several leaves in order.

        Raises:
            FormatError: at the first that is not 32 bytes; those before it stay.
        """
        for leaf in leaf_hashes:
            self.append(leaf)

    def leaf(self, index: int) -> bytes:
        """The hash of the leaf at *index*.

        Raises:
            FormatError: if the tree has no such leaf.
        """
        if not 0 <= index < self._size:
            raise FormatError(f"there is no leaf {index} in a tree of size {self._size}", code="tree/index")
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root at *size* (any earlier one; the newest if none is given); the most recently asked are remembered.

        Raises:
            FormatError: if the tree never had that size.
        """
        if size is None:
            size = self._size
        known = self._roots.get(size)
        if known is not None:
            return known
        self._check_size(size)
        root = self._fold(size)
        if len(self._roots) >= _ROOTS_KEPT:
            del self._roots[next(iter(self._roots))]
        self._roots[size] = root
        return root

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that prove leaf *index* in the tree at *size*, from the leaf's sibling upwards.

        Raises:
            FormatError: if there is no such leaf or size.
        """
        size = self._size if size is None else size
        self._check_size(size)
        return [range_root(low, high, self._node) for low, high in inclusion_ranges(index, size)]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """The hashes that prove that the tree at size *new* begins with the tree at size *old*; none where old is 0 or new.

        Raises:
            FormatError: if old > new, or the tree never had one of the sizes.
        """
        new = self._size if new is None else new
        self._check_size(new)
        return [range_root(low, high, self._node) for low, high in consistency_ranges(old, new)]

    def frontier(self, size: int | None = None) -> Frontier:
        """The compact form of the tree at *size*, enough to go on appending.

        Raises:
            FormatError: if the tree never had that size.
        """
        size = self._size if size is None else size
        self._check_size(size)
        return Frontier.of(size, self._node)

    def _fold(self, size: int) -> bytes:
        # range_root(0, size, self._node), written out: a replay asks for the root at every size.
        root, complete = b"", size
        for nodes in self._levels:
            if complete & 1:
                end = complete * HASH_BYTES
                left = nodes[end - HASH_BYTES : end]
                root = node_hash(left, root) if root else bytes(left)
            complete >>= 1
        return root or EMPTY_ROOT

    def _node(self, level: int, index: int) -> bytes:
        at = index * HASH_BYTES
        return bytes(self._levels[level][at : at + HASH_BYTES])

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self._size:
            raise FormatError(f"the tree has {self._size} leaves and never had size {size}", code="tree/size")


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: just enough to append and to know the root, however long the log is.

    Args:
        size: how many leaves there are.
        roots: the roots of the complete subtrees that make up the tree, the largest first: one for each set bit of *size*.

    Raises:
        FormatError: if the two do not fit together.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE or len(self.roots) != self.size.bit_count():
            raise FormatError(f"a frontier of size {self.size} cannot have {len(self.roots)} subtrees", code="tree/frontier")
        for root in self.roots:
            check_hash(root, "subtree root")

    @classmethod
    def of(cls, size: int, node: NodeSource) -> Frontier:
        """The frontier of the tree at *size*, with its subtrees read from *node*.

        Raises:
            FormatError: if *size* is negative or beyond 2**63 - 1; and whatever *node* raises.
        """
        levels = [level for level in range(max(size, 0).bit_length()) if size >> level & 1]
        return cls(size, tuple(node(level, (size >> level) - 1) for level in reversed(levels)))

    def append(self, leaf_hash: bytes) -> Frontier:
        """The frontier with one more leaf; this one stays as it is.

        Raises:
            FormatError: if *leaf_hash* is not 32 bytes.
        """
        return self.extend((leaf_hash,))

    def extend(self, leaf_hashes: Iterable[bytes]) -> Frontier:
        """The frontier with more leaves, in order.

        Raises:
            FormatError: at the first leaf that is not 32 bytes.
        """
        size, roots = self.size, list(self.roots)
        for leaf in leaf_hashes:
            check_hash(leaf, "leaf hash")
            rest, node = size, leaf
            while rest & 1:
                node = node_hash(roots.pop(), node)
                rest >>= 1
            roots.append(node)
            size += 1
        return Frontier(size, tuple(roots))

    def root(self) -> bytes:
        """The root of the whole tree."""
        if not self.roots:
            return EMPTY_ROOT
        root = self.roots[-1]
        for left in self.roots[-2::-1]:
            root = node_hash(left, root)
        return root


def verify_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Pass in silence if *proof* shows that *leaf_hash* is leaf *index* of the tree with *size* leaves and *root* (RFC 9162 2.1.3.2).

    Raises:
        ProofError: if it does not, whatever the reason; a hash of the wrong length is one.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofError(
            f"the proof is for leaf {index}, and the tree has {size} leaves", code="proof/index", data={"index": index, "size": size}
        )
    _check_lengths(proof, leaf_hash, root)
    result = leaf_hash
    for sibling, is_left in _climb(index, size - 1, proof, f"leaf {index} of {size}"):
        result = node_hash(sibling, result) if is_left else node_hash(result, sibling)
    if result != root:
        raise ProofError(f"the inclusion proof leads to root {result.hex()}, and the checkpoint has {root.hex()}", code="proof/root")


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Pass in silence if *proof* shows that the newer tree begins with the older one, leaf for leaf (RFC 9162 2.1.4.2).

    Equal sizes need equal roots and an empty proof. A smaller *old_size* of 0 is refused, as RFC 9162 has it (0 < m < n): everything
    begins with nothing, so there is nothing to show. A C2SP witness, in contrast, must accept ``old 0`` with an empty proof, and so does
    not call this function then.

    Raises:
        ProofError: if it does not, whatever the reason; a hash of the wrong length is one.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ProofError(
            f"the tree cannot grow from size {old_size} to size {new_size}", code="proof/sizes", data={"old": old_size, "new": new_size}
        )
    _check_lengths(proof, old_root, new_root)
    if old_size == new_size:
        if proof:
            raise ProofError(
                f"two trees of size {old_size} need no consistency proof, and {len(proof)} hashes are given", code="proof/length"
            )
        _check_roots(old_root, new_root, f"two trees of the same size {old_size} differ: ")
        return
    if old_size == 0:
        raise ProofError(
            f"a tree of size 0 is a prefix of everything: there is nothing to prove for size {new_size}", code="proof/empty-tree"
        )
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        # The old tree is a node of the new one, so its root is where the path begins.
        path.insert(0, old_root)
    if not path:
        raise ProofError(f"the consistency proof from size {old_size} to size {new_size} is empty", code="proof/length")
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_result = new_result = path[0]
    for sibling, is_left in _climb(node, last, path[1:], f"size {old_size} to size {new_size}"):
        if is_left:
            old_result = node_hash(sibling, old_result)
            new_result = node_hash(sibling, new_result)
        else:
            new_result = node_hash(new_result, sibling)
    _check_roots(old_result, old_root, f"the consistency proof does not lead to the root at size {old_size}: ")
    _check_roots(new_result, new_root, f"the consistency proof does not lead to the root at size {new_size}: ")


def _climb(node: int, last: int, path: Sequence[bytes], what: str) -> Iterator[tuple[bytes, bool]]:
    """Each sibling on the way from *node* to the root, and whether it stands on the left; *last* is the last node of the same level.

    The one loop that RFC 9162 writes out in both of its sections.
    """
    for sibling in path:
        if last == 0:
            raise ProofError(f"the proof from {what} has more hashes than the tree has levels", code="proof/length")
        is_left = bool(node & 1) or node == last
        yield sibling, is_left
        while is_left and not node & 1 and node:
            node >>= 1
            last >>= 1
        node >>= 1
        last >>= 1
    if last:
        raise ProofError(f"the proof from {what} ends below the root", code="proof/length")


def _check_lengths(proof: Sequence[bytes], *hashes: bytes) -> None:
    if len(proof) > MAX_PROOF:
        raise ProofError(f"the proof has {len(proof)} hashes, and at most {MAX_PROOF} are allowed", code="proof/length")
    for value in (*hashes, *proof):
        if len(value) != HASH_BYTES:
            raise ProofError(f"a hash of the proof has {len(value)} bytes, and {HASH_BYTES} are expected", code="proof/hash")


def _check_roots(found: bytes, expected: bytes, intro: str) -> None:
    if found != expected:
        raise ProofError(f"{intro}{found.hex()} and {expected.hex()}", code="proof/root")
