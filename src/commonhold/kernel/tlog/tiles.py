"""Tiles and entry bundles: the static files that a log is served from (C2SP tlog-tiles).

Level 0 tiles hold leaf hashes; a tile one level up holds the roots of full tiles below. The right edge is partial tiles, which are never
hashed upwards. This module names them, cuts them, encodes bundles, and lists what a growing log must write.

Not here: reading proofs from tiles (:mod:`.tilereader`); writing files, durability (``commonhold.store.log``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from commonhold.kernel.errors import FormatError
from commonhold.kernel.tlog.hashes import HASH_BYTES, MAX_SIZE, check_hash, node_hash

TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
FULL_TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES
MAX_LEVEL: Final = 63
MAX_ENTRY_BYTES: Final = 0xFFFF
MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)
ENTRIES: Final = -1
"""Stands for the level of an entry bundle, which has none."""
MAX_PATH: Final = 64

FetchTile = Callable[[int, int, int], bytes]
"""``fetch(level, index, width)``: the bytes of one tile; of the full tile, if a partial one is gone."""

_PATH = re.compile(r"tile/(?P<level>0|[1-9][0-9]?|entries)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?")


class Tile(NamedTuple):
    """The name of one tile: its level (:data:`ENTRIES` for a bundle), its index in the level, and how many hashes or entries it holds."""

    level: int
    index: int  # type: ignore[assignment]  # the specification's word, though tuples have a method of that name
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Where it is served, below the log's prefix."""
        return entries_path(self.index, self.width) if self.level == ENTRIES else tile_path(self.level, self.index, self.width)


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile below the log's prefix, such as ``tile/0/x001/234.p/5``.

    Raises:
        FormatError: if there can be no such tile.
    """
    if not 0 <= level <= MAX_LEVEL:
        raise FormatError(f"a tile's level is 0 to {MAX_LEVEL}, this one is {level}", code="tile/level")
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """The path of an entry bundle below the log's prefix, such as ``tile/entries/005``.

    Raises:
        FormatError: if there can be no such bundle.
    """
    return f"tile/entries/{_index_path(index, width)}"


def parse_tile_path(path: str) -> Tile:
    """The tile or bundle that *path* names, in its one spelling.

    Raises:
        FormatError: for anything else: leading zeros, a needless ``x000``, a width of 0 or 256, other characters.
    """
    found = _PATH.fullmatch(path) if len(path) <= MAX_PATH else None
    if found is not None:
        level = ENTRIES if found["level"] == "entries" else int(found["level"])
        tile = Tile(level, int(found["index"].replace("/", "").replace("x", "")), int(found["width"] or TILE_WIDTH))
        partial_is_partial = found["width"] is None or tile.width < TILE_WIDTH
        # Made again and compared: the one guard against every second spelling.
        if level <= MAX_LEVEL and tile.index <= MAX_SIZE and partial_is_partial and tile.path == path:
            return tile
    raise FormatError(f"{path[:MAX_PATH]!r} is not the path of a tile or entry bundle", code="tile/path")


def partial_width(level: int, size: int) -> int:
    """How many hashes the partial tile of *level* holds in a log of *size*; 0 where there is none."""
    return (size >> (TILE_HEIGHT * level)) % TILE_WIDTH


def tile_width(level: int, index: int, size: int) -> int:
    """How many hashes tile *index* of *level* holds in a log of *size*: 256 if full, 0 if there is no such tile."""
    return max(0, min(TILE_WIDTH, (size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def tiles_for(size: int) -> Iterator[Tile]:
    """Every tile that a log of *size* serves, level by level from the leaves, the full ones and the partial one at the end."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> Iterator[Tile]:
    """The tiles that a log of size *new* serves and that did not exist, at that width, at size *old*.

    Raises:
        FormatError: unless 0 <= old <= new; when the first is asked for.
    """
    _check_growth(old, new)
    level = 0
    while new:
        yield from _level_tiles(level, old, new)
        old >>= TILE_HEIGHT
        new >>= TILE_HEIGHT
        level += 1


def new_bundles(old: int, new: int) -> Iterator[Tile]:
    """The entry bundles that a log of size *new* serves and that did not exist, at that width, at size *old*.

    Raises:
        FormatError: unless 0 <= old <= new; when the first is asked for.
    """
    _check_growth(old, new)
    yield from _level_tiles(ENTRIES, old, new)


def build_tiles(old: int, leaf_hashes: Iterable[bytes], fetch: FetchTile) -> Iterator[tuple[Tile, bytes]]:
    """The tiles that appending *leaf_hashes* to a log of size *old* makes, with their bytes, level by level from the leaves.

    Exactly :func:`new_tiles`, in its order. Old partial tiles are believed as *fetch* gives them: whoever signs the result compares its
    root with the one that a :class:`~.merkle.Frontier` has.

    Args:
        old: the size of the log before.
        leaf_hashes: 32 bytes each.
        fetch: asked only for the partial tiles at the right edge of the old log.

    Raises:
        FormatError: for a leaf hash or a fetched tile of the wrong length; and whatever *fetch* raises.
    """
    hashes, level = list(leaf_hashes), 0
    for leaf in hashes:
        check_hash(leaf, "leaf hash")
    while hashes:
        index, width = divmod(old, TILE_WIDTH)
        edge = check_tile(fetch(level, index, width), Tile(level, index, width)) if width else b""
        data = edge + b"".join(hashes)
        hashes = []
        for at in range(0, len(data), FULL_TILE_BYTES):
            chunk = data[at : at + FULL_TILE_BYTES]
            yield Tile(level, index, len(chunk) // HASH_BYTES), chunk
            if len(chunk) == FULL_TILE_BYTES:
                hashes.append(tile_levels(chunk)[TILE_HEIGHT])
            index += 1
        old >>= TILE_HEIGHT
        level += 1


def check_tile(data: bytes, tile: Tile) -> bytes:
    """The hashes of *tile*, out of its own bytes or those of the full tile that came in its place.

    Raises:
        FormatError: if *data* has neither length.
    """
    expected = tile.width * HASH_BYTES
    if len(data) not in (expected, FULL_TILE_BYTES):
        raise FormatError(
            f"{tile.path} has {len(data)} bytes, and {expected} are expected",
            code="tile/length",
            next_step="Fetch the tile from another mirror.",
            data={"tile": tuple(tile), "size": len(data), "expected": expected},
        )
    return data[:expected]


def tile_levels(data: bytes) -> list[bytes]:
    """The nine levels of hashes within one tile: its own hashes, then the complete pairs above, up to the root of a full tile.

    Args:
        data: 1 to 256 hashes, one after the other.
    """
    levels = [data]
    for _ in range(TILE_HEIGHT):
        below = levels[-1]
        pairs = range(0, len(below) - 2 * HASH_BYTES + 1, 2 * HASH_BYTES)
        levels.append(b"".join(node_hash(below[at : at + HASH_BYTES], below[at + HASH_BYTES : at + 2 * HASH_BYTES]) for at in pairs))
    return levels


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """The bundle of *entries*: each with its length before it, as two bytes, big-endian.

    Raises:
        FormatError: for no entry, more than 256, or one of more than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise FormatError(
                f"an entry has {len(entry)} bytes, and at most {MAX_ENTRY_BYTES} are allowed",
                code="tile/entry-too-large",
                next_step="Keep the document as an object and record its digest.",
                data={"size": len(entry), "limit": MAX_ENTRY_BYTES},
            )
        parts.append(len(entry).to_bytes(2, "big") + entry)
    if not 1 <= len(parts) <= TILE_WIDTH:
        raise FormatError(f"a bundle holds 1 to {TILE_WIDTH} entries, this one {len(parts)}", code="tile/bundle-count")
    return b"".join(parts)


def parse_bundle(raw: bytes, count: int) -> list[bytes]:
    """The entries of a bundle, which must be exactly *count*.

    Raises:
        FormatError: if *raw* ends within an entry, or holds fewer or more entries.
    """
    if not 1 <= count <= TILE_WIDTH:
        raise FormatError(f"a bundle holds 1 to {TILE_WIDTH} entries, not {count}", code="tile/bundle-count")
    entries, at = [], 0
    for index in range(count):
        start = at + 2
        end = start + int.from_bytes(raw[at:start], "big")
        if end > len(raw):
            raise FormatError(
                f"the bundle ends within entry {index} of {count}, after {len(raw)} bytes",
                code="tile/bundle-truncated",
                next_step="Fetch the bundle from another mirror.",
                data={"entry": index, "count": count, "size": len(raw)},
            )
        entries.append(raw[start:end])
        at = end
    if at != len(raw):
        raise FormatError(f"the bundle has {len(raw) - at} bytes after its {count} entries", code="tile/bundle-trailing")
    return entries


def _level_tiles(level: int, old: int, new: int) -> Iterator[Tile]:
    """The new tiles of one level that had *old* hashes and now has *new*."""
    full, width = divmod(new, TILE_WIDTH)
    for index in range(old // TILE_WIDTH, full):
        yield Tile(level, index)
    if width and old != new:
        yield Tile(level, full, width)


def _check_growth(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise FormatError(f"a log cannot grow from size {old} to size {new}", code="tree/sizes", data={"old": old, "new": new})


def _index_path(index: int, width: int) -> str:
    if not 0 <= index <= MAX_SIZE or not 1 <= width <= TILE_WIDTH:
        raise FormatError(f"there is no tile {index} of width {width}", code="tile/index")
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03}")
    return "/".join(reversed(parts)) + (f".p/{width}" if width < TILE_WIDTH else "")
