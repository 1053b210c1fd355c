"""Where a mirror is read from: a folder, a web server, a partner. Nothing that it gives is believed; sizes and times are bounded here.

A static mirror and a house's folder have the record below ``record/``; at a partner's ``/mirror/HASH`` it lies at the top. Objects lie at the top of each.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote

from commonhold.kernel.errors import StoreError
from commonhold.store.fetch import Fetch, check_plain, is_private_address, is_url, url_fetch
from commonhold.store.files import DirectoryFiles, Refusals
from commonhold.store.lines import Lines
from commonhold.store.objects.protocol import PIECE
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT, StaticReader
from commonhold.store.record import RECORD

GRACE: Final = 30.0
"""Seconds after which a server has to keep up: 32 KiB a second on average."""
LEAST_RATE: Final = 1 << 15


class From(Protocol):
    """A place that files are read from by name."""

    def read(self, name: str, max_size: int) -> bytes:
        """One small file, as :data:`commonhold.store.fetch.Fetch`."""

    def pieces(self, name: str, max_size: int) -> Iterator[bytes]:
        """One file piece by piece, at most *max_size* bytes.

        Raises:
            StoreError: ``store/absent``, ``store/too-big`` with the first byte too many, and others.
        """

    def close(self) -> None:
        """Let go of what was kept open."""


class FromFolder:
    """A folder on this machine, such as a disk that somebody sent."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._files = DirectoryFiles(path)
        self._root = os.path.realpath(path)

    def __str__(self) -> str:
        return str(self._path)

    def read(self, name: str, max_size: int) -> bytes:
        """As :meth:`From.read`."""
        return self._files.read(name, max_size)

    def pieces(self, name: str, max_size: int) -> Iterator[bytes]:
        """As :meth:`From.pieces`; no link is followed."""
        target = f"{self._root}/{name}"
        with Refusals(f"read {name!a} in {self._path}"):
            if os.path.realpath(os.path.dirname(target)) != os.path.normpath(os.path.dirname(target)):
                raise StoreError(f"{name!a} in {self._path} lies behind a link", code="store/name")
            fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise StoreError(f"{name!a} in {self._path} is no regular file", code="store/io")
            if found.st_size > max_size:
                raise StoreError(
                    f"{name!a} in {self._path} has {found.st_size} bytes, and at most {max_size} are taken", code="store/too-big"
                )
            while True:
                with Refusals(f"read {name!a} in {self._path}"):
                    piece = os.read(fd, PIECE)
                if not piece:
                    return
                yield piece
        finally:
            os.close(fd)

    def close(self) -> None:
        """As :meth:`From.close`."""


class FromWeb:
    """The address of a static mirror or of a partner's mirror.

    Args:
        grace: seconds before slowness counts.

    Raises:
        StoreError: ``store/url`` if the address is not plain.
    """

    def __init__(self, url: str, *, grace: float = GRACE) -> None:
        check_plain(url)
        self._url = url.rstrip("/")
        # Whoever named an address outside does not mean this machine's own network, wherever a name or a redirect leads.
        self._public = not is_private_address(url)
        self.read: Fetch = url_fetch(self._url, public_only=self._public)
        self._lines = Lines(self._url, grace=grace, least=LEAST_RATE, public_only=self._public)

    def __str__(self) -> str:
        return self._url

    def pieces(self, name: str, max_size: int) -> Iterator[bytes]:
        """As :meth:`From.pieces`."""
        return self._lines.pieces(quote(name), max_size)

    def close(self) -> None:
        """As :meth:`From.close`."""
        self._lines.close()


def open_from(place: str, *, grace: float = GRACE) -> From:
    """The place that an address or a path means.

    Raises:
        StoreError: ``store/url``; ``store/absent`` if there is no such folder.
    """
    if is_url(place):
        return FromWeb(place, grace=grace)
    path = Path(place)
    if not path.is_dir():
        raise StoreError(
            f"there is no folder {place}", code="store/absent", next_step="Give a folder, or an address that begins with https://."
        )
    return FromFolder(path)


def record_prefix(source: From) -> str:
    """Where the record lies below a place: ``record/``, or nothing.

    Raises:
        StoreError: ``mirror/none`` if it lies in neither; or if the place cannot be read.
    """
    for prefix in (f"{RECORD}/", ""):
        try:
            source.read(f"{prefix}{CHECKPOINT}", MAX_CHECKPOINT)
        except StoreError as error:
            if error.code != "store/absent":
                raise
        else:
            return prefix
    raise StoreError(
        f"there is no mirror at {source}",
        code="mirror/none",
        next_step="Give the address of a mirror, or of a partner's mirror: https://PARTNER/mirror/HASH; the partner's address alone lists each HASH.",
    )


def record_at(source: From, prefix: str) -> StaticReader:
    """A reader of the record at a place."""
    return StaticReader(lambda name, max_size: source.read(prefix + name, max_size))
