"""Objects in a folder: the store that needs nothing but a disk.

Layout: ``objects/ab/cdef...``, the first two hexadecimal digits and the other 62. Below ``objects/`` names with a dot are the writer's own, and are not
served: ``.tmp`` for what is not finished, ``.works/ab/cdef...`` for what is a manifest, ``.erased/ab/cdef...`` for what was erased, with the decision in it.

An object is written and hashed in ``.tmp``, flushed, renamed, and its folders are flushed. So under its name there is never anything that was not whole and
durable when it got there. No link is followed: whatever was linked into the folder is no object.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import itertools
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from commonhold.kernel.errors import CommonholdError, FormatError, StoreError
from commonhold.store.files import DirectoryFiles, Refusals, begin_writing, with_fd, write_all
from commonhold.store.objects.incoming import Incoming
from commonhold.store.objects.protocol import (
    FOLDER,
    MAX_IN_MEMORY,
    MAX_OBJECT,
    PIECE,
    Source,
    absent,
    altered,
    is_absence,
    is_digest,
    is_whole,
    name_of,
    was_erased,
)

SCRATCH: Final = f"{FOLDER}/.tmp"
WORKS: Final = f"{FOLDER}/.works"
ERASED: Final = f"{FOLDER}/.erased"
MAX_DECISION: Final = 256
BATCH_OBJECTS: Final = 1024
BATCH_BYTES: Final = 1 << 30
_FORGOTTEN: Final = 24 * 3600.0
_HEX: Final = [f"{number:02x}" for number in range(256)]


class ObjectDirectory:
    """The objects below one folder, as :class:`.protocol.Objects` promises.

    Args:
        path: the folder that holds, or will hold, ``objects``.
        max_size: bytes of the largest object that is put or read.
    """

    def __init__(self, path: Path | str, *, max_size: int = MAX_OBJECT) -> None:
        self.path = Path(path)
        self._files = DirectoryFiles(path, scratch=SCRATCH)
        self._max_size = max_size
        self._cleared = False
        self._mark, self._count = secrets.token_hex(16), itertools.count()
        self._folders: dict[str, str] = {}
        self._root = os.path.realpath(self.path)

    def __str__(self) -> str:
        return str(self.path)

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        """As :meth:`.protocol.Putting.put`: one flush of the file and one of each folder."""
        with self.batch() as batch:
            return batch.put(source, digest=digest, size=size)

    def batch(self) -> _Batch:
        """As :meth:`.protocol.Objects.batch`: flushed together every 1,024 objects or gibibyte."""
        if not self._cleared:
            # Nobody holds a lock here, so only what no living writer can still be writing is removed.
            self._files.clear_scratch(_FORGOTTEN)
            self._cleared = True
        return _Batch(self, self._files, self._max_size, f"{self._mark}-{next(self._count)}")

    def get(self, digest: str) -> bytes:
        """As :meth:`.protocol.Objects.get`."""
        limit = min(self._max_size, MAX_IN_MEMORY)
        with self._opened(digest) as fd, Refusals(f"read the object {digest} in {self.path}"):
            data = _read_up_to(fd, limit)
        if len(data) > limit:
            raise _too_big(digest, self.path, limit)
        found = hashlib.sha256(data).hexdigest()
        if found != digest:
            raise altered(digest, found, self.path)
        return data

    def stream(self, digest: str) -> Iterator[bytes]:
        """As :meth:`.protocol.Objects.stream`."""
        hashed, held = hashlib.sha256(), b""
        with self._opened(digest) as fd:
            while True:
                with Refusals(f"read the object {digest} in {self.path}"):
                    piece = os.read(fd, PIECE)
                if not piece:
                    break
                hashed.update(piece)
                if held:
                    yield held
                held = piece
        if hashed.hexdigest() != digest:
            raise altered(digest, hashed.hexdigest(), self.path)
        yield held

    def range(self, digest: str, start: int, length: int) -> bytes:
        """As :meth:`.protocol.Objects.range`."""
        check_range(start, length)
        with self._opened(digest) as fd, Refusals(f"read the object {digest} in {self.path}"):
            return os.pread(fd, length, start)

    def size(self, digest: str) -> int:
        """As :meth:`.protocol.Objects.size`."""
        with self._opened(digest) as fd:
            return os.fstat(fd).st_size

    def size_there(self, digest: str) -> int:
        """The size of what lies under an object's name, -1 if nothing does; without asking why."""
        try:
            return os.lstat(self._folder(digest) + digest[2:]).st_size
        except (FileNotFoundError, NotADirectoryError):
            return -1
        except OSError:
            return self.size(digest)

    def verify(self, digest: str) -> int:
        """As :meth:`.protocol.Objects.verify`."""
        with self._opened(digest) as fd, Refusals(f"read the object {digest} in {self.path}"):
            found, size = hash_file(fd)
        if found != digest:
            raise altered(digest, found, self.path)
        return size

    def has(self, digest: str) -> bool:
        """As :meth:`.protocol.Objects.has`."""
        return is_whole(self, digest)

    def list(self, after: str = "") -> Iterator[str]:
        """As :meth:`.protocol.Objects.list`: the names of one of 256 folders are in memory at a time."""
        return self._listed(FOLDER, after)

    def mark_work(self, digest: str) -> None:
        """As :meth:`.protocol.Objects.mark_work`."""
        self._files.replace(name_of(digest, WORKS), b"")

    def works(self, after: str = "") -> Iterator[str]:
        """As :meth:`.protocol.Objects.works`."""
        return self._listed(WORKS, after)

    def erase(self, digest: str, decision: str) -> None:
        """As :meth:`.protocol.Objects.erase`: the tombstone is durable before the first byte goes."""
        if not is_digest(decision):
            raise FormatError(f"{decision[:80]!a} is not the id of a decision", code="object/decision")
        if not self.erased(digest):
            self._files.replace(name_of(digest, ERASED), decision.encode() + b"\n")
        self._forget(digest)

    def erased(self, digest: str) -> str:
        """As :meth:`.protocol.Objects.erased`."""
        name = name_of(digest, ERASED)
        if not os.path.lexists(f"{self._root}/{name}"):
            return ""
        try:
            return self._files.read(name, MAX_DECISION).decode("ascii", "replace").strip() or "unknown"
        except StoreError as error:
            if error.code == "store/absent":
                return ""
            raise

    def erasures(self) -> Iterator[str]:
        """As :meth:`.protocol.Objects.erasures`."""
        return self._listed(ERASED, "")

    def _forget(self, digest: str) -> None:
        for name in (name_of(digest, WORKS), name_of(digest)):
            path = self._files.locate(name)
            with Refusals(f"erase the object {digest} in {self.path}"), contextlib.suppress(FileNotFoundError):
                os.unlink(path)
                with_fd(os.path.dirname(path), os.fsync)

    @contextlib.contextmanager
    def _opened(self, digest: str) -> Iterator[int]:
        name = name_of(digest)
        try:
            # Without following a link at its end; that the folder is none either was looked at once.
            fd = os.open(self._folder(digest) + digest[2:], os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        except (FileNotFoundError, NotADirectoryError):
            if decision := self.erased(digest):
                raise was_erased(digest, decision) from None
            raise absent(digest, self.path) from None
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise StoreError(f"{name} in {self.path} is a link", code="store/name", next_step="Replace the link by a copy.") from None
            with Refusals(f"read the object {digest} in {self.path}"):
                raise
        try:
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                raise StoreError(f"{name} in {self.path} is no regular file", code="store/io")
            if found.st_size > self._max_size:
                raise _too_big(digest, self.path, self._max_size)
            yield fd
        finally:
            os.close(fd)

    def _folder(self, digest: str) -> str:
        """The folder of an object, as a path with a slash at its end."""
        if digest[:2] not in self._folders:
            self._folders[digest[:2]] = self._files.locate(name_of(digest)).removesuffix(digest[2:])
        return self._folders[digest[:2]]

    def _listed(self, under: str, after: str) -> Iterator[str]:
        for first in _HEX:
            if first < after[:2]:
                continue
            with Refusals(f"list {under}/{first} in {self.path}"):
                try:
                    rest = sorted(os.listdir(self._files.locate(f"{under}/{first}/x").rpartition("/")[0]))
                except (FileNotFoundError, NotADirectoryError):
                    continue
            for digest in (first + name for name in rest):
                if digest > after and is_digest(digest):
                    yield digest


class _Batch:
    """Files that wait in the scratch folder until they are flushed together."""

    def __init__(self, owner: ObjectDirectory, files: DirectoryFiles, max_size: int, mark: str) -> None:
        self._owner, self._files, self._max, self._mark = owner, files, max_size, mark
        self._count = itertools.count()
        self._waiting: dict[str, str] = {}
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._drop()

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        """As :meth:`.protocol.Putting.put`; durable when the batch ends."""
        coming = Incoming(source, digest=digest, size=size, max_size=self._max)
        if isinstance(source, bytes):
            # All of it is at hand, so what is there already is not written again.
            for _ in coming.pieces():
                pass
            if self._has(coming.digest, coming.seen):
                return coming.digest
            coming = Incoming(source, digest=coming.digest, max_size=self._max)
        scratch, kept = self._begin(), False
        try:
            with Refusals(f"write an object in {self._owner.path}"):
                fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
                try:
                    for piece in coming.pieces():
                        write_all(fd, piece)
                    begin_writing(fd)
                finally:
                    os.close(fd)
            kept = isinstance(source, bytes) or not self._has(coming.digest, coming.seen)
            if kept:
                self._waiting[coming.digest] = scratch
                self._bytes += coming.seen
        finally:
            if not kept:
                with contextlib.suppress(OSError):
                    os.unlink(scratch)
        if len(self._waiting) >= BATCH_OBJECTS or self._bytes >= BATCH_BYTES:
            self._flush()
        return coming.digest

    def _has(self, digest: str, size: int) -> bool:
        """Whether a whole copy waits here, or lies there and stays there; a damaged one is written again."""
        if digest in self._waiting:
            return True
        if decision := self._owner.erased(digest):
            raise was_erased(digest, decision)
        try:
            if self._owner.size_there(digest) != size:
                return False
            self._owner.verify(digest)
        except CommonholdError as error:
            if is_absence(error):
                return False
            raise
        self._flush_folders({digest})
        return True

    def _begin(self) -> str:
        with Refusals(f"write an object in {self._owner.path}"):
            scratch = self._files.locate(f"{SCRATCH}/{self._mark}-{next(self._count)}")
            self._files.make_folder(scratch.rpartition("/")[0])
            return scratch

    def _flush(self) -> None:
        waiting = dict(self._waiting)
        if not waiting:
            return
        with Refusals(f"flush objects in {self._owner.path} to the disk"):
            for scratch in waiting.values():
                with_fd(scratch, os.fsync)
            for digest, scratch in waiting.items():
                target = self._files.locate(name_of(digest))
                self._files.make_folder(target.rpartition("/")[0])
                os.rename(scratch, target)
                del self._waiting[digest]
        self._flush_folders(set(waiting))
        self._bytes = 0
        for digest in waiting:
            # Erased while it was on its way: whoever erased it may have looked before it came.
            if decision := self._owner.erased(digest):
                self._owner.erase(digest, decision)

    def _flush_folders(self, digests: set[str]) -> None:
        with Refusals(f"flush folders in {self._owner.path} to the disk"):
            for name in [*sorted({f"{FOLDER}/{digest[:2]}" for digest in digests}), FOLDER]:
                with_fd(self._files.locate(f"{name}/x").rpartition("/")[0], os.fsync)
            with_fd(str(self._owner.path), os.fsync)

    def _drop(self) -> None:
        for scratch in self._waiting.values():
            with contextlib.suppress(OSError):
                os.unlink(scratch)
        self._waiting.clear()


def check_range(start: int, length: int) -> None:
    """Refuse a range that is none, or more than may be held in memory.

    Raises:
        FormatError: ``object/range``.
    """
    if start < 0 or not 0 <= length <= MAX_IN_MEMORY:
        raise FormatError(
            f"{length} bytes from {start} are no range: it begins at 0 or later, and has at most {MAX_IN_MEMORY} bytes", code="object/range"
        )


def hash_file(fd: int) -> tuple[str, int]:
    """The SHA-256 and the size of what an open file holds, from where it stands, in bounded memory."""
    hashed, size = hashlib.sha256(), 0
    first = os.read(fd, PIECE)
    hashed.update(first)
    size = len(first)
    if size == PIECE:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_SEQUENTIAL)
        piece = bytearray(PIECE)
        view = memoryview(piece)
        while count := os.readv(fd, [piece]):
            hashed.update(view[:count])
            size += count
    return hashed.hexdigest(), size


def _too_big(digest: str, path: Path, limit: int) -> StoreError:
    return StoreError(f"the object {digest} in {path} is longer than {limit} bytes", code="store/too-big", data={"max_size": limit})


def _read_up_to(fd: int, limit: int) -> bytes:
    # One byte more than allowed tells "too big" apart from "just fits"; a file may also be growing.
    pieces, left = [], limit + 1
    while left and (piece := os.read(fd, min(left, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
