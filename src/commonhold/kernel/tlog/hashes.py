"""The arithmetic of the tree: RFC 6962 section 2.1 with SHA-256.

Every proof is first a list of *ranges* of leaves (:func:`inclusion_ranges`, :func:`consistency_ranges`), and every range is the fold of
complete subtrees (:func:`range_root`). So a tree in memory and a tree read from tiles share one piece of arithmetic and differ only in
where a complete subtree's hash comes from.

Not here: holding a tree and verifying proofs (:mod:`.merkle`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from commonhold.kernel.errors import FormatError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
MAX_SIZE: Final = 2**63 - 1
"""No log is larger: sizes and times of C2SP fit into signed 64 bits."""

# Copying a state that has its first byte is nearly twice as fast as starting one: OpenSSL looks the algorithm up at each start.
_LEAF = hashlib.sha256(b"\x00")
_NODE = hashlib.sha256(b"\x01")

NodeSource = Callable[[int, int], bytes]
"""``node(level, index)``: the hash of the complete subtree over leaves ``index * 2**level`` to ``(index + 1) * 2**level``."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash that stands for *entry* in the tree: SHA-256(00 || entry)."""
    state = _LEAF.copy()
    state.update(entry)
    return state.digest()


def node_hash(left: bytes | bytearray, right: bytes | bytearray) -> bytes:
    """The hash of two neighbouring subtrees: SHA-256(01 || left || right)."""
    state = _NODE.copy()
    state.update(left + right)
    return state.digest()


def range_root(low: int, high: int, node: NodeSource) -> bytes:
    """The root over leaves *low* to *high* (exclusive), folded from complete subtrees.

    Args:
        low: a multiple of the smallest power of two that is at least ``high - low``, as every range of a proof is.
        high: greater than *low*.
        node: where the hash of a complete subtree comes from.
    """
    width, level, root = high - low, 0, b""
    # From the right: each set bit of the width is one complete subtree, the smallest last in the tree.
    while width:
        if width & 1:
            left = node(level, (high >> level) - 1)
            root = node_hash(left, root) if root else left
        width >>= 1
        level += 1
    return root


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove leaf *index* in a tree of *size*, from the leaf upwards (RFC 6962 2.1.1).

    Raises:
        FormatError: unless 0 <= index < size.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise FormatError(f"there is no leaf {index} in a tree of size {size}", code="tree/index", data={"index": index, "size": size})
    ranges, low, high = [], 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old: int, new: int) -> list[tuple[int, int]]:
    """The ranges of leaves whose roots prove that the tree of size *new* begins with the tree of size *old* (RFC 6962 2.1.2).

    Raises:
        FormatError: unless 0 <= old <= new.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise FormatError(f"a tree cannot grow from size {old} to size {new}", code="tree/sizes", data={"old": old, "new": new})
    if old in (0, new):
        return []
    ranges, low, high, whole = [], 0, new, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low, whole = middle, False
    if not whole:
        # Where the old tree is itself a node of the new one, the verifier already has its root.
        ranges.append((low, high))
    ranges.reverse()
    return ranges


def check_hash(value: bytes, what: str) -> None:
    """Pass in silence if *value* is as long as a SHA-256 hash.

    Raises:
        FormatError: with the name *what*, if it is not.
    """
    if len(value) != HASH_BYTES:
        raise FormatError(f"a {what} has {HASH_BYTES} bytes, this one has {len(value)}", code="tree/hash")


def check_size(size: int) -> None:
    """Pass in silence if a log may have *size* entries.

    Raises:
        FormatError: unless 0 <= size <= 2**63 - 1.
    """
    if not 0 <= size <= MAX_SIZE:
        raise FormatError(f"a log's size is 0 to 2**63 - 1, this one is {size}", code="tree/size", data={"size": size})


def _split(width: int) -> int:
    """The largest power of two smaller than *width* (> 1)."""
    return 1 << ((width - 1).bit_length() - 1)
