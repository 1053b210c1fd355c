"""The right edge of a log in memory: all that a writer needs to know of the entries before.

At most one partial tile for each level, one partial bundle and the frontier: some kilobytes, and 16 MB at the very most, however long
the log is. Extending an edge gives a new one and the files to write (C2SP tlog-tiles), so a batch either counts whole or not at all.

Not here: writing the files (``log.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from commonhold.kernel.tlog.hashes import leaf_hash
from commonhold.kernel.tlog.merkle import Frontier
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    FetchTile,
    Tile,
    build_tiles,
    entries_path,
    parse_tile_path,
    tile_width,
)


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge at one size.

    Args:
        frontier: size and complete subtrees.
        tiles: level to the bytes of its partial tile.
        bundle: the encoded entries of the partial bundle, empty where there is none.
    """

    frontier: Frontier = field(default_factory=Frontier)
    tiles: Mapping[int, bytes] = field(default_factory=dict)
    bundle: bytes = b""

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return self.frontier.size

    def extend(self, entries: Sequence[bytes]) -> tuple[Edge, list[tuple[str, bytes]]]:
        """The edge after *entries*, and the files that came to be: name and bytes, bundles first, then tiles upwards.

        Raises:
            FormatError: for an entry that does not fit in a bundle.
        """
        leaves = [leaf_hash(entry) for entry in entries]
        files, bundle = self._bundles(entries)
        tiles = dict(self.tiles)
        for tile, data in build_tiles(self.size, leaves, lambda level, _index, _width: self.tiles[level]):
            files.append((tile.path, data))
            if tile.width < TILE_WIDTH:
                tiles[tile.level] = data
            else:
                tiles.pop(tile.level, None)
        return Edge(self.frontier.extend(leaves), tiles, bundle), files

    def _bundles(self, entries: Sequence[bytes]) -> tuple[list[tuple[str, bytes]], bytes]:
        files: list[tuple[str, bytes]] = []
        index, width = divmod(self.size, TILE_WIDTH)
        parts = [self.bundle]
        for entry in entries:
            parts += (len(entry).to_bytes(2, "big"), entry)
            width += 1
            if width == TILE_WIDTH:
                files.append((entries_path(index), b"".join(parts)))
                index, width, parts = index + 1, 0, []
        rest = b"".join(parts)
        if width:
            files.append((entries_path(index, width), rest))
        return files, rest


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
            tiles[level] = data[: width * len(root)]
        return data

    hashes = HashReader(size, root, remember)
    index, width = divmod(size, TILE_WIDTH)
    raw = bundle(ENTRIES, index, width) if width else b""
    if width:
        hashes.bundle(index, raw)
    return Edge(hashes.frontier(), tiles, raw), hashes


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
