"""The right edge of a log in memory: all that a writer needs to know of the entries before.

At most one partial tile for each level and one partial bundle: some kilobytes, and 16 MB at the very most, however
long the log is. Extending an edge gives a new one and the files to write (C2SP tlog-tiles), so a batch either counts whole or not at all.

The kernel's ``build_tiles`` and ``Frontier`` would each hash the tree once. Here every node is hashed once, whole levels at a time: what
waits for a sibling in the partial tiles *is* the frontier, and what comes out at the top of a level is the next level's hashes.

Not here: writing the files (``log.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from commonhold.kernel.tlog.hashes import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import (
    ENTRIES,
    FULL_TILE_BYTES,
    TILE_HEIGHT,
    TILE_WIDTH,
    FetchTile,
    Tile,
    entries_path,
    parse_tile_path,
    tile_path,
    tile_width,
)


@dataclass(frozen=True, slots=True)
class _Partial:
    """The partial tile of one level, perhaps with no hash yet.

    Args:
        index: of the tile in its level.
        data: its hashes.
        waiting: at each height within it, the complete subtree that waits for its right sibling, or nothing.
    """

    index: int = 0
    data: bytes = b""
    waiting: tuple[bytes, ...] = (b"",) * TILE_HEIGHT


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge at one size.

    Args:
        levels: the partial tile of each level, from the leaves up.
        bundle: the framed entries of the partial bundle, empty where there is none.
        root: of the tree, 32 bytes.
    """

    levels: tuple[_Partial, ...] = ()
    bundle: bytes = b""
    root: bytes = EMPTY_ROOT

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return sum(part.index * TILE_WIDTH + len(part.data) // HASH_BYTES for part in self.levels[:1])

    def tile(self, level: int) -> bytes:
        """The bytes of the partial tile of *level*, which must be there."""
        return self.levels[level].data

    def extend(self, framed: Sequence[bytes]) -> tuple[Edge, list[tuple[str, bytes]]]:
        """The edge after more entries, and the files that came to be: name and bytes, bundles first, then tiles upwards.

        Args:
            framed: each entry with its length before it, as :func:`frame` gives it.
        """
        files, bundle = self._bundles(framed)
        levels: list[_Partial] = []
        hashes, level = [leaf_hash(entry[2:]) for entry in framed], 0
        while hashes or level < len(self.levels):
            part = self.levels[level] if level < len(self.levels) else _Partial()
            if hashes:
                part, hashes = _grow(part, level, hashes, files)
            levels.append(part)
            level += 1
        return Edge(tuple(levels), bundle, _root(levels)), files

    def _bundles(self, framed: Sequence[bytes]) -> tuple[list[tuple[str, bytes]], bytes]:
        files: list[tuple[str, bytes]] = []
        index, width = divmod(self.size, TILE_WIDTH)
        rest, at = self.bundle, 0
        while at < len(framed):
            piece = framed[at : at + TILE_WIDTH - width]
            at, width = at + len(piece), width + len(piece)
            rest += b"".join(piece)
            files.append((entries_path(index, width), rest))
            if width == TILE_WIDTH:
                index, width, rest = index + 1, 0, b""
        return files, rest


def frame(entry: bytes) -> bytes:
    """An entry as it stands in a bundle and in the journal: its length in two bytes, big-endian, before it."""
    return len(entry).to_bytes(2, "big") + entry


def load_edge(size: int, root: bytes, tile: FetchTile, bundle: FetchTile) -> tuple[Edge, HashReader]:
    """The edge of a log with *size* and *root*, read from its files and proved before anything is believed.

    Args:
        size: of the log.
        root: 32 bytes.
        tile: gives the bytes of a tile.
        bundle: gives the bytes of an entry bundle at exactly the width asked for.

    Raises:
        ProofError: if tiles or entries contradict *root*. FormatError: for a file of the wrong form; and whatever *tile* and *bundle* raise.
    """
    tiles: dict[int, bytes] = {}

    def remember(level: int, index: int, width: int) -> bytes:
        data = tile(level, index, width)
        if width < TILE_WIDTH:
            tiles[level] = data[: width * HASH_BYTES]
        return data

    hashes = HashReader(size, root, remember)
    index, width = divmod(size, TILE_WIDTH)
    raw = bundle(ENTRIES, index, width) if width else b""
    if width:
        hashes.bundle(index, raw)
    levels: list[_Partial] = []
    while size >> (TILE_HEIGHT * len(levels)):
        data = tiles.get(len(levels), b"")
        nodes = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
        levels.append(_Partial(size >> (TILE_HEIGHT * (len(levels) + 1)), data, _fold(_Partial().waiting, nodes)[0]))
    return Edge(tuple(levels), raw, root), hashes


def superseded(old: int, new: int) -> Iterator[Tile]:
    """The full tiles and bundles that came to be between two sizes: their partial forms are no longer needed."""
    for level in range(ENTRIES, (max(new, 1).bit_length() - 1) // TILE_HEIGHT):
        height = TILE_HEIGHT * (max(level, 0) + 1)
        for index in range(old >> height, new >> height):
            yield Tile(level, index)


def still_served(name: str, size: int) -> bool:
    """Whether a log of *size* still has to serve the file *name*: not if it is a partial tile whose full tile is there."""
    if not name.startswith("tile/"):
        return True
    tile = parse_tile_path(name)
    return tile.width == TILE_WIDTH or tile_width(max(tile.level, 0), tile.index, size) < TILE_WIDTH


def _grow(part: _Partial, level: int, hashes: list[bytes], files: list[tuple[str, bytes]]) -> tuple[_Partial, list[bytes]]:
    """The partial tile after *hashes*, its new forms added to *files*, and the hashes of the tiles that became full."""
    data = part.data + b"".join(hashes)
    waiting, full = _fold(part.waiting, hashes)
    index = part.index
    for at in range(0, len(data), FULL_TILE_BYTES):
        chunk = data[at : at + FULL_TILE_BYTES]
        files.append((tile_path(level, index, len(chunk) // HASH_BYTES), chunk))
        index += len(chunk) == FULL_TILE_BYTES
    return _Partial(index, data[len(full) * FULL_TILE_BYTES :], waiting), full


def _fold(waiting: Sequence[bytes], hashes: list[bytes]) -> tuple[tuple[bytes, ...], list[bytes]]:
    """What waits at each height after more *hashes* at the bottom, and the hashes that came out at the top."""
    left: list[bytes] = []
    for node in waiting:
        if node:
            hashes = [node, *hashes]
        left.append(hashes[-1] if len(hashes) & 1 else b"")
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=False)]  # an odd one waits
    return tuple(left), hashes


def _root(levels: Sequence[_Partial]) -> bytes:
    """The root of the tree: all that waits, folded from the right, where the subtrees are smallest."""
    root = b""
    for part in levels:
        for node in part.waiting:
            if node:
                root = node_hash(node, root) if root else node
    return root or EMPTY_ROOT
