"""Reading a log from static tiles and believing none of them (C2SP tlog-tiles; the scheme of Go's ``tlog.TileHashReader``).

The right edge of the tree must fold to the root of a verified checkpoint. Every other tile must fold to the hash that the tile above it
holds. So no answer of a reader depends on a byte that was not proved first.

Not here: fetching (the caller's function), the checkpoint (:mod:`.checkpoint`).
"""

from __future__ import annotations

from typing import Final

from commonhold.kernel.errors import FormatError, ProofError
from commonhold.kernel.tlog.hashes import EMPTY_ROOT, HASH_BYTES, check_size, consistency_ranges, inclusion_ranges, leaf_hash, range_root
from commonhold.kernel.tlog.merkle import Frontier
from commonhold.kernel.tlog.tiles import (
    ENTRIES,
    TILE_HEIGHT,
    TILE_WIDTH,
    FetchTile,
    Tile,
    check_tile,
    parse_bundle,
    partial_width,
    tile_levels,
    tile_width,
)

_TILES_KEPT: Final = 128


class HashReader:
    """Roots and proofs of the log that a verified checkpoint describes, read from its tiles.

    Making one fetches the partial tiles at the right edge, at most one for each level, and checks them. At most 128 further tiles are
    remembered (2 MB).

    Args:
        size: of the verified checkpoint.
        root: of the verified checkpoint.
        fetch: ``fetch(level, index, width)`` gives one tile's bytes; it may give the full tile where the partial one is gone.

    Raises:
        ProofError: if the tiles at the right edge do not fold to *root*.
        FormatError: for a tile of the wrong length; and whatever *fetch* raises.
    """

    def __init__(self, size: int, root: bytes, fetch: FetchTile) -> None:
        self.size = size
        self._fetch = fetch
        self._edge: dict[int, list[bytes]] = {}
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        check_size(size)
        level = 0
        while size >> (TILE_HEIGHT * level):
            if width := partial_width(level, size):
                tile = Tile(level, size >> (TILE_HEIGHT * (level + 1)), width)
                self._edge[level] = tile_levels(check_tile(fetch(*tile), tile))
            level += 1
        found = range_root(0, size, self._node) if size else EMPTY_ROOT
        if found != root:
            raise ProofError(
                f"the tiles of a log of size {size} fold to root {found.hex()}, and the checkpoint has {root.hex()}",
                code="tile/root",
                next_step="Fetch the tiles again, or from another mirror; if it stays so, keep both as evidence.",
                data={"size": size},
            )

    def leaf(self, index: int) -> bytes:
        """The hash of the leaf at *index*.

        Raises:
            FormatError: if there is no such leaf. ProofError: for a tile that does not belong to this log.
        """
        if not 0 <= index < self.size:
            raise FormatError(f"there is no leaf {index} in a tree of size {self.size}", code="tree/index")
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """The root at *size*, any earlier one.

        Raises:
            FormatError: if the log never had that size. ProofError: for a tile that does not belong to this log.
        """
        size = self._sized(size)
        return range_root(0, size, self._node) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """The hashes that prove leaf *index* in the tree at *size*, from the leaf's sibling upwards.

        Raises:
            FormatError: if there is no such leaf or size. ProofError: for a tile that does not belong to this log.
        """
        return [range_root(low, high, self._node) for low, high in inclusion_ranges(index, self._sized(size))]

    def consistency_proof(self, old: int, new: int | None = None) -> list[bytes]:
        """The hashes that prove that the tree at size *new* begins with the tree at size *old*.

        Raises:
            FormatError: if old > new or the log never had one of the sizes. ProofError: for a tile that does not belong to this log.
        """
        return [range_root(low, high, self._node) for low, high in consistency_ranges(old, self._sized(new))]

    def frontier(self, size: int | None = None) -> Frontier:
        """The compact form of the tree at *size*, from which a writer goes on.

        Raises:
            FormatError: if the log never had that size. ProofError: for a tile that does not belong to this log.
        """
        return Frontier.of(self._sized(size), self._node)

    def bundle(self, index: int, raw: bytes) -> list[bytes]:
        """The entries of bundle *index*, each checked against its leaf.

        Args:
            index: of the bundle; it holds entries ``256 * index`` and up.
            raw: its bytes, at the width that a log of this size serves.

        Raises:
            FormatError: if there is no such bundle, or it is cut or too long. ProofError: if an entry is not the one in the log.
        """
        width = tile_width(0, index, self.size) if index >= 0 else 0
        if not width:
            raise FormatError(f"there is no bundle {index} in a log of size {self.size}", code="tile/index")
        entries = parse_bundle(raw, width)
        for place, entry in enumerate(entries, index * TILE_WIDTH):
            if leaf_hash(entry) != self._node(0, place):
                raise ProofError(
                    f"entry {place} of {Tile(ENTRIES, index, width).path} is not the one that the log has",
                    code="tile/entry",
                    next_step="Fetch the bundle from another mirror; this one was altered.",
                    data={"index": place},
                )
        return entries

    def _sized(self, size: int | None) -> int:
        size = self.size if size is None else size
        if not 0 <= size <= self.size:
            raise FormatError(f"the log has {self.size} leaves and never had size {size}", code="tree/size")
        return size

    def _node(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, place = divmod(index, TILE_WIDTH >> height)
        at = place * HASH_BYTES
        return self._tile(tile_level, tile_index)[height][at : at + HASH_BYTES]

    def _tile(self, level: int, index: int) -> list[bytes]:
        if tile_width(level, index, self.size) < TILE_WIDTH:
            return self._edge[level]
        known = self._tiles.get((level, index))
        if known is not None:
            return known
        # The tile above is proved first; a full tile always has its root there.
        expected = self._node(TILE_HEIGHT * (level + 1), index)
        tile = Tile(level, index)
        levels = tile_levels(check_tile(self._fetch(*tile), tile))
        if levels[TILE_HEIGHT] != expected:
            raise ProofError(
                f"{tile.path} folds to {levels[TILE_HEIGHT].hex()}, and the tile above it has {expected.hex()}",
                code="tile/hash",
                next_step="Fetch the tile from another mirror; this one was altered.",
                data={"tile": tuple(tile)},
            )
        if len(self._tiles) >= _TILES_KEPT:
            del self._tiles[next(iter(self._tiles))]
        self._tiles[level, index] = levels
        return levels
