"""Bytes on their way in: hashed and counted while they pass, and stopped where they are more than was said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from commonhold.kernel.errors import FormatError
from commonhold.store.objects.protocol import MAX_OBJECT, Source, altered, check_digest, pieces_of


class Incoming:
    """One object that comes in.

    Args:
        digest: what it must hash to, or "".
        size: how many bytes it must have, or -1.
        max_size: how many it may have at most.

    Raises:
        FormatError: ``object/digest``, or ``object/too-big`` if it is said to be larger than may come.
    """

    def __init__(self, source: Source, *, digest: str = "", size: int = -1, max_size: int = MAX_OBJECT) -> None:
        if digest:
            check_digest(digest)
        if size > max_size:
            raise _too_big(f"is said to have {size} bytes", max_size, size)
        self._source, self._expected, self._size, self._max = source, digest, size, max_size
        self._hash = hashlib.sha256()
        self.seen = 0
        self.digest = ""

    def pieces(self) -> Iterator[bytes]:
        """The bytes, piece by piece; when they have all come, :attr:`digest` and :attr:`seen` are right.

        Raises:
            FormatError: ``object/too-big`` with the first byte too many, ``object/short`` at the end. ProofError: ``object/altered`` at the end.
        """
        limit = self._max if self._size < 0 else self._size
        for piece in pieces_of(self._source):
            self.seen += len(piece)
            if self.seen > limit:
                said = f"has more bytes than the {limit} that were declared" if self._size >= 0 else f"has {self.seen} bytes or more"
                raise _too_big(said, self._max, self.seen)
            self._hash.update(piece)
            yield piece
        if self.seen < self._size:
            raise FormatError(
                f"the object ended after {self.seen} of {self._size} bytes",
                code="object/short",
                next_step="Fetch it again; nothing of it was kept.",
                data={"seen": self.seen, "size": self._size},
            )
        found = self._hash.hexdigest()
        if self._expected and found != self._expected:
            raise altered(self._expected, found)
        self.digest = found


def _too_big(said: str, max_size: int, seen: int) -> FormatError:
    return FormatError(
        f"the object {said}, and {max_size} are allowed",
        code="object/too-big",
        next_step="Nothing of it was kept. Ask whoever sends it what it is.",
        data={"seen": seen, "limit": max_size},
    )
