"""Objects by the SHA-256 of their bytes, in a folder (DESIGN section 6): texts, pictures, anything that the record names by digest.

An object is never believed: every read hashes it. Layout: ``objects/ab/cdef...``, the first two hexadecimal digits and the other 62.

Not here: mirrors, repair, buckets.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.store.files import DirectoryFiles

FOLDER: Final = "objects"
MAX_OBJECT: Final = 64 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FORGOTTEN: Final = 24 * 3600.0


class ObjectDirectory:
    """The objects below one folder. Any number of processes may read and put at once.

    Args:
        path: the folder that holds, or will hold, ``objects``.
        max_size: bytes of the largest object that is put or read.
    """

    def __init__(self, path: Path | str, *, max_size: int = MAX_OBJECT) -> None:
        self._files = DirectoryFiles(path, scratch=f"{FOLDER}/.tmp")
        self._max_size = max_size
        self._cleared = False

    def put(self, data: bytes) -> str:
        """Keep *data* and give its digest, 64 hexadecimal digits; durable when this returns. A damaged copy is replaced.

        Raises:
            FormatError: ``object/too-big``. StoreError: if the disk refuses.
        """
        if len(data) > self._max_size:
            raise FormatError(f"the object has {len(data)} bytes, and {self._max_size} are allowed", code="object/too-big")
        digest = hashlib.sha256(data).hexdigest()
        if not self._cleared:
            # Nobody holds a lock here, so only what no living writer can still be writing is removed.
            self._files.clear_scratch(_FORGOTTEN)
            self._cleared = True
        try:
            self.get(digest)
        except (ProofError, StoreError):
            self._files.replace(_name(digest), data)
        return digest

    def get(self, digest: str) -> bytes:
        """The object with this digest, its bytes verified.

        Raises:
            ProofError: ``object/altered`` if the bytes there do not hash to it. FormatError: if *digest* is none.
            StoreError: ``store/absent`` if it is not here; ``store/too-big``, ``store/denied`` or ``store/io``.
        """
        try:
            data = self._files.read(_name(digest), self._max_size)
        except StoreError as exc:
            if exc.code == "store/absent":
                raise StoreError(
                    f"the object {digest} is not here",
                    code="store/absent",
                    next_step="fetch it from a mirror; its digest proves it.",
                    data={"digest": digest},
                ) from exc
            raise
        found = hashlib.sha256(data).hexdigest()
        if found != digest:
            raise ProofError(
                f"the object {digest} was altered: its bytes have digest {found}",
                code="object/altered",
                next_step="fetch it again from a mirror and put it; that replaces the altered copy.",
                data={"digest": digest, "found": found},
            )
        return data

    def has(self, digest: str) -> bool:
        """Whether a whole copy is here; a damaged one does not count.

        Raises:
            FormatError: if *digest* is none. StoreError: if the folder cannot be read.
        """
        try:
            self.get(digest)
        except ProofError:
            return False
        except StoreError as exc:
            if exc.code in {"store/absent", "store/too-big"}:
                return False
            raise
        return True

    def list(self) -> Iterator[str]:
        """The digests of all objects that lie here, in order; their bytes are not verified.

        Raises:
            StoreError: if the folder cannot be read.
        """
        for name in self._files.list(FOLDER):
            digest = name.removeprefix(f"{FOLDER}/").replace("/", "", 1)
            if _DIGEST.fullmatch(digest) and name == _name(digest):
                yield digest


def _name(digest: str) -> str:
    if not _DIGEST.fullmatch(digest):
        raise FormatError(f"{digest[:80]!r} is not a digest: 64 lower-case hexadecimal digits are needed", code="object/digest")
    return f"{FOLDER}/{digest[:2]}/{digest[2:]}"
