"""The part of POSIX tar (ustar) that a snapshot is written in: regular files with plain names, one after the other, and nothing else.

Any tar program unpacks what is written here. Read is much less than they read: no links, no devices, no extended headers, whose sizes a stranger chooses.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from commonhold.kernel.errors import FormatError

BLOCK: Final = 512
PIECE: Final = 1 << 18
END: Final = bytes(2 * BLOCK)
_MAX_OCTAL: Final = 8**11


def tar_file(name: str, size: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """One file of a tar archive: its header, its bytes, and zeros up to the next block.

    Raises:
        FormatError: ``tar/name`` for a name that does not fit into a header. ValueError: if *pieces* are not *size* bytes.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    try:
        # Only GNU's form holds sizes from 8 GiB on, and only for short names, such as those of objects.
        header = info.tobuf(tarfile.USTAR_FORMAT if size < _MAX_OCTAL else tarfile.GNU_FORMAT, "utf-8", "surrogateescape")
    except ValueError:
        header = b""
    if len(header) != BLOCK:
        raise FormatError(f"the name {name[:120]!a} is too long for an archive", code="tar/name", next_step="Give the file a shorter name.")
    yield header
    seen = 0
    for piece in pieces:
        seen += len(piece)
        yield piece
    if seen != size:
        raise ValueError(f"{name} has {seen} bytes, and {size} were announced")
    yield bytes(-size % BLOCK)


class TarFiles:
    """The files of a tar archive that comes as a stream.

    Args:
        read: gives at most so many bytes, none at the end.
    """

    def __init__(self, read: Callable[[int], bytes]) -> None:
        self._read, self._left, self._padding = read, 0, 0

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Name and size of each file; its bytes are those of :meth:`pieces`, and what was not taken of them is passed over.

        Raises:
            FormatError: ``tar/form`` for anything but a plain file, or where the archive is torn.
        """
        while True:
            for _ in self.pieces():
                pass
            self._exactly(self._padding)
            header = self._exactly(BLOCK)
            if header == bytes(BLOCK):
                return
            name, size = _parsed(header)
            self._left, self._padding = size, -size % BLOCK
            yield name, size

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file at hand.

        Raises:
            FormatError: ``tar/form`` where the archive is torn.
        """
        while self._left:
            piece = self._read(min(self._left, PIECE))
            if not piece:
                raise _torn()
            self._left -= len(piece)
            yield piece

    def first(self, size: int) -> bytes:
        """The first *size* bytes of the file at hand, fewer if it has no more; :meth:`pieces` gives the rest.

        Raises:
            FormatError: ``tar/form`` where the archive is torn.
        """
        data = self._exactly(min(size, self._left))
        self._left -= len(data)
        return data

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._read(size - len(data))
            if not piece:
                raise _torn()
            data += piece
        return data


def _parsed(header: bytes) -> tuple[str, int]:
    try:
        info = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError, ValueError) as error:
        raise FormatError(f"the archive is damaged: {error}", code="tar/form", next_step="Take another copy.") from None
    if info.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or info.linkname or info.size < 0:
        raise FormatError(
            f"the archive holds {info.name[:80]!a}, which is no plain file",
            code="tar/form",
            next_step="Nothing of it was kept. Take another copy.",
        )
    return info.name, info.size


def _torn() -> FormatError:
    return FormatError("the archive ends in the middle", code="tar/form", next_step="Take another copy.")
