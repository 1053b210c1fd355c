"""Reading a log from its static files, from a folder, a web server or anything else that fetches by name (C2SP tlog-tiles).

The files may lie: :meth:`StaticReader.read_all` and :meth:`StaticReader.hashes` hand out nothing that was not proved against a signed
checkpoint first. Whether the checkpoint is fresh, and what the entries mean, others judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.kernel.notes import VerifierKey
from commonhold.kernel.tlog.checkpoint import Checkpoint, open_checkpoint
from commonhold.kernel.tlog.hashes import HASH_BYTES, leaf_hash
from commonhold.kernel.tlog.tilereader import HashReader
from commonhold.kernel.tlog.tiles import (
    ENTRIES,
    FULL_TILE_BYTES,
    MAX_BUNDLE_BYTES,
    TILE_WIDTH,
    Tile,
    encode_bundle,
    parse_bundle,
    tile_width,
)
from commonhold.store.files import DirectoryFiles

if TYPE_CHECKING:
    from commonhold.store.fetch import Fetch

CHECKPOINT: Final = "checkpoint"
MAX_CHECKPOINT: Final = 1 << 17
"""128 KB: room for a hundred post-quantum cosignatures."""


class StaticReader:
    """A log as anybody can read it; holds nothing but the way to fetch a file.

    Args:
        fetch: gives one whole file by name, at most so many bytes, or raises StoreError with code ``store/absent``.
    """

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = self.fetch = fetch

    @classmethod
    def from_directory(cls, path: Path | str) -> StaticReader:
        """Read a log from a folder, such as a copy on a stick. Nothing is written, and no link out of the folder is followed."""
        return cls(DirectoryFiles(path).read)

    @classmethod
    def from_url(cls, url: str, *, timeout: float = 10.0, deadline: float = 60.0) -> StaticReader:
        """Read a log from a web server; seconds as in :func:`.fetch.url_fetch`.

        Raises:
            StoreError: ``store/url`` if *url* is not a plain http or https address.
        """
        from commonhold.store.fetch import url_fetch  # noqa: PLC0415 - most records are folders, and HTTP takes a while to import

        return cls(url_fetch(url, timeout=timeout, deadline=deadline))

    def earlier(self, epoch: int) -> StaticReader:
        """A reader of the log of an earlier *epoch* that this record keeps under ``epochs/``."""
        return StaticReader(lambda name, max_size: self._fetch(f"epochs/{epoch}/{name}", max_size))

    def checkpoint_raw(self) -> bytes:
        """The signed note that the log now publishes; unverified, at most 128 KB.

        Raises:
            StoreError: if it cannot be read.
        """
        return self._fetch(CHECKPOINT, MAX_CHECKPOINT)

    def tile(self, level: int, index: int, width: int) -> bytes:
        """The bytes of one tile, unverified: *width* hashes, or all 256 where the partial tile is gone.

        Raises:
            StoreError: if neither can be read.
        """
        return self._partial_or_full(Tile(level, index, width), FULL_TILE_BYTES)[0]

    def bundle(self, index: int, width: int) -> bytes:
        """The first *width* entries of bundle *index*, encoded, unverified.

        Raises:
            StoreError: if it cannot be read. FormatError: if only the full bundle is there, and it is damaged.
        """
        raw, found = self._partial_or_full(Tile(ENTRIES, index, width), MAX_BUNDLE_BYTES)
        return raw if found == width else encode_bundle(parse_bundle(raw, found)[:width])

    def hashes(self, size: int, root: bytes) -> HashReader:
        """Roots and proofs of the log with *size* and *root*, as a verified checkpoint states them; every tile is proved when read.

        Raises:
            ProofError: if the tiles do not fold to *root*. StoreError, FormatError: if one is absent or damaged.
        """
        return HashReader(size, root, self.tile)

    def entries(self, start: int, stop: int, size: int) -> Iterator[bytes]:
        """Entries *start* to *stop* (exclusive) of the log at *size*, each compared with its level 0 tile, one bundle in memory at a time.

        That finds damage, not deceit: nothing here is proved until the caller has folded the entries to a signed root. Whoever does
        not replay from the first entry takes :meth:`proved_entries`.

        Raises:
            FormatError: for a range outside the log. While reading, ProofError: if an entry is not the one in the tile; FormatError,
                StoreError: if a file is damaged or absent.
        """
        _check_range(start, stop, size)
        return self._compared(start, stop, size)

    def proved_entries(self, start: int, stop: int, hashes: HashReader) -> Iterator[bytes]:
        """Entries *start* to *stop* (exclusive), each proved to be in the log of *hashes* before it is given, in bounded memory.

        Raises:
            FormatError: for a range outside the log. While reading, ProofError: if an entry or a tile is not the log's; FormatError,
                StoreError: if a file is damaged or absent.
        """
        _check_range(start, stop, hashes.size)
        return self._proved(start, stop, hashes)

    def read_all(self, log_keys: Sequence[VerifierKey], *, origin: str | None = None) -> tuple[Checkpoint, Iterator[bytes]]:
        """The verified checkpoint, and every entry under it, each proved before it is given, in bounded memory.

        Args:
            log_keys: the keys that are believed to be the log's.
            origin: of the log, where it is not the name of its key.

        Raises:
            ProofError: if no key of *log_keys* signed the checkpoint, or tiles or entries contradict it (for entries: while reading).
            FormatError, StoreError: if a file is damaged or absent.
        """
        checkpoint, _ = open_checkpoint(self.checkpoint_raw(), log_keys, origin=origin)
        return checkpoint, self._proved(0, checkpoint.size, self.hashes(checkpoint.size, checkpoint.root))

    def _proved(self, start: int, stop: int, hashes: HashReader) -> Iterator[bytes]:
        for index, first, last in _bundles(start, stop):
            yield from hashes.bundle(index, self.bundle(index, tile_width(0, index, hashes.size)))[first:last]

    def _compared(self, start: int, stop: int, size: int) -> Iterator[bytes]:
        for index, first, last in _bundles(start, stop):
            width = tile_width(0, index, size)
            leaves = self.tile(0, index, width)
            for place, entry in enumerate(parse_bundle(self.bundle(index, width), width)):
                if leaf_hash(entry) != leaves[place * HASH_BYTES : (place + 1) * HASH_BYTES]:
                    raise ProofError(
                        f"entry {index * TILE_WIDTH + place} of {Tile(ENTRIES, index, width).path} was altered: "
                        f"it does not have the hash that stands in {Tile(0, index, width).path}",
                        code="tile/entry",
                        next_step="Fetch both again, or from another copy, and keep these as evidence.",
                        data={"index": index * TILE_WIDTH + place},
                    )
                if first <= place < last:
                    yield entry

    def _partial_or_full(self, tile: Tile, max_size: int) -> tuple[bytes, int]:
        try:
            return self._fetch(tile.path, max_size), tile.width
        except StoreError as exc:
            # A log may drop a partial tile once the full one is there (tlog-tiles, Partial Tiles).
            if exc.code != "store/absent" or tile.width == TILE_WIDTH:
                raise
            try:
                return self._fetch(tile._replace(width=TILE_WIDTH).path, max_size), TILE_WIDTH
            except StoreError as full:
                raise (exc if full.code == "store/absent" else full) from None


def _bundles(start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The bundles that hold a range of entries: index, first place and the place after the last."""
    for index in range(start // TILE_WIDTH, -(-stop // TILE_WIDTH) if stop > start else 0):
        base = index * TILE_WIDTH
        yield index, max(start - base, 0), min(stop - base, TILE_WIDTH)


def _check_range(start: int, stop: int, size: int) -> None:
    if not 0 <= start <= stop <= size:
        raise FormatError(
            f"entries {start} to {stop} were asked for, and the log has {size}",
            code="log/range",
            data={"start": start, "stop": stop, "size": size},
        )
