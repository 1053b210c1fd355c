"""Named files in a folder: what the log and the object directory need of a disk, and how a real directory gives it.

:class:`Files` states the guarantees (durable, atomic, ordered, exclusive) once; :class:`DirectoryFiles` keeps them on a POSIX
file system, and ``memory.MemoryFiles`` keeps them in memory, breakable, for tests and drills. What the files mean is the business of
``log.py`` and ``objects/directory.py``.

Two kinds of write are told apart on purpose. ``write`` costs microseconds and may be lost when the power fails; ``append``, ``replace``
and ``sync`` cost a disk flush and are not. The log pays for exactly one flush per batch (``docs/adr/0002-staged-log-writes.md``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from commonhold.kernel.errors import StoreError

SCRATCH: Final = ".staging/tmp"
"""Where a file is written before it is moved into place; beside the tree, so that no web server ever shows half a file."""

_NAME = re.compile(r"(?:(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,128}(?:/(?!$)|$))+")
_MAX_NAME: Final = 512

_CODES: Final = {
    errno.ENOENT: "store/absent",
    errno.ENOTDIR: "store/absent",
    errno.ENOSPC: "store/full",
    errno.EDQUOT: "store/full",
    errno.EFBIG: "store/full",
    errno.EACCES: "store/denied",
    errno.EPERM: "store/denied",
    errno.EROFS: "store/denied",
}
_NEXT: Final = {
    "store/absent": "check the path, or fetch the file again from a mirror.",
    "store/full": "free some space on this disk; nothing that was acknowledged is lost.",
    "store/denied": "run this as the user who owns the folder, or correct the folder's permissions.",
    "store/io": "look at the disk and the system's log; nothing that was acknowledged is lost unless the disk lost it.",
}


def _nothing() -> None: ...


class Lock(Protocol):
    """A held claim on a name; ``release`` gives it up, and so does the end of the process."""

    def release(self) -> None:
        """Give the claim up; a second release does nothing."""


class Files(Protocol):
    """Files by name. Names are relative, ``/``-separated ASCII; a first part that starts with a dot is private to the owner.

    Every method raises :class:`StoreError` with code ``store/absent``, ``store/full``, ``store/denied``, ``store/too-big``,
    ``store/name`` or ``store/io``. After a failed ``write``, ``append``, ``replace`` or ``sync`` the caller knows nothing about
    whether it took effect: it must stop and read again.

    Concurrency: any number of readers at any time. Writers of the same names must exclude one another with ``lock``.
    """

    def read(self, name: str, max_size: int) -> bytes:
        """The whole content of one file: some one state that was written, never a mix of two.

        Raises:
            StoreError: ``store/absent`` when there is no such file, ``store/too-big`` when it is longer than *max_size* bytes.
        """

    def write(self, name: str, data: bytes) -> None:
        """Put *data* at *name*, whole or not at all for every reader and through a kill of the process.

        Not durable: until :meth:`sync` returns, a power failure may leave the old content, the new, or a damaged file, and may
        keep a later write while losing this one.
        """

    def sync(self, names: Iterable[str]) -> None:
        """Make the named files durable, with the folders that lead to them. When this returns they outlive a power failure."""

    def append(self, name: str, data: bytes, meanwhile: Callable[[], None] = _nothing) -> None:
        """Add *data* to the end of a file that exists; durable when this returns.

        *meanwhile* is called once, at a moment when *data* may or may not be durable, so that work which does not depend on that can
        be done while the disk writes. What it raises is raised, and nothing is known then about *data*.

        Not atomic: a crash before the return may leave any part of *data*, even with zeros in place of some pages, but never
        touches what was there before.
        """

    def replace(self, name: str, data: bytes) -> None:
        """Put *data* at *name*, atomic and durable when this returns; a crash before leaves the old content or the new."""

    def delete(self, name: str) -> None:
        """Remove a file, or a folder with every file in it; what is not there is no error. Neither durable nor atomic."""

    def list(self, under: str) -> Iterator[str]:
        """Names of all files below the folder *under* in bytewise order of each folder; nothing when there is no such folder."""

    def lock(self, name: str) -> Lock:
        """Claim *name* alone, without waiting; the claim ends with ``release`` or with the process, however that ends.

        Raises:
            StoreError: ``store/locked`` when somebody else holds it.
        """

    def clear_scratch(self) -> None:
        """Forget what killed writers left half-written. Only for the holder of the lock."""


def check_name(name: str) -> None:
    """Refuse any name that could lead out of the folder or mean different things on different systems.

    Raises:
        StoreError: ``store/name``.
    """
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise StoreError(
            f"refused file name {name[:80]!r}: need relative parts of letters, digits, dot, dash and underscore", code="store/name"
        )


def store_error(exc: OSError, doing: str) -> StoreError:
    """Turn the operating system's refusal into ours; *doing* says what was attempted, for example ``"read tile/0/000"``."""
    code = _CODES.get(exc.errno or 0, "store/io")
    step = "name a file in it, or another one." if exc.errno == errno.EISDIR else _NEXT[code]
    return StoreError(f"cannot {doing}: {exc.strerror or exc}", code=code, next_step=step, data={"errno": exc.errno})


class DirectoryFiles:
    """A folder on a POSIX file system as :class:`Files`.

    Private names (first part starts with a dot) get modes 0700 and 0600; everything else is for any web server to read (0755, 0644,
    less the umask). A symbolic link is followed only while it stays inside the folder.

    Args:
        path: the folder; it is made on the first write.
        scratch: where half-written files wait, on the same file system.
    """

    def __init__(self, path: Path | str, *, scratch: str = SCRATCH) -> None:
        check_name(scratch)
        self.path = Path(path)
        self._root = os.path.realpath(self.path)
        self._scratch = scratch
        self._made: set[str] = set()
        self._mark, self._count = secrets.token_hex(16), itertools.count()
        self._open_append: tuple[str, int] | None = None

    def read(self, name: str, max_size: int) -> bytes:
        """As :meth:`Files.read`; a tree that is being written is read without a lock."""
        with Refusals(f"read {name} in {self.path}"):
            fd = os.open(self.locate(name, link=True), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with open(fd, "rb", buffering=0) as file:
                found = os.fstat(fd)
                if not stat.S_ISREG(found.st_mode):
                    raise StoreError(f"{name} in {self.path} is no regular file", code="store/io")
                data = b""
                # Room is made for what is there, not for all that is allowed, which may be a thousand times as much.
                most = max(found.st_size + 1, 1 << 16)
                # One byte more than allowed tells "too big" apart from "just fits"; a file may also be growing.
                while len(data) <= max_size and (piece := file.read(min(most, max_size + 1 - len(data)))):
                    data = data + piece if data else piece
        if len(data) > max_size:
            raise StoreError(f"{name} in {self.path} is longer than {max_size} bytes", code="store/too-big", data={"max_size": max_size})
        return data

    def write(self, name: str, data: bytes) -> None:
        """As :meth:`Files.write`: written in the scratch folder, then renamed."""
        with Refusals(f"write {name} in {self.path}"):
            self._put(name, data, flush=False)

    def sync(self, names: Iterable[str]) -> None:
        """As :meth:`Files.sync`: fsync of each file, then of each folder that leads to one."""
        chosen = list(names)
        folders = {folder for name in chosen for folder in _ancestors(name)}
        with Refusals(f"flush files in {self.path} to the disk"):
            # All writing is begun before any is waited for: that takes a third of the time of one after the other.
            for name in chosen:
                with_fd(self.locate(name), begin_writing)
        for name in chosen:
            with Refusals(f"flush {name} in {self.path} to the disk"):
                with_fd(self.locate(name), os.fsync)
        # Children first: a folder's entry for a new child is worth nothing before the child itself is there.
        for folder in sorted(folders, key=len, reverse=True):
            with Refusals(f"flush folder {folder or '.'} in {self.path} to the disk"):
                with_fd(os.path.join(self._root, folder), os.fsync)

    def append(self, name: str, data: bytes, meanwhile: Callable[[], None] = _nothing) -> None:
        """As :meth:`Files.append`: one write and one fdatasync; the file stays open for the next."""
        with Refusals(f"append to {name} in {self.path}"):
            if self._open_append is None or self._open_append[0] != name:
                self._close_append()
                self._open_append = (name, os.open(self.locate(name, link=True), os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
            fd = self._open_append[1]
            write_all(fd, data)
            begin_writing(fd)
            meanwhile()
            os.fdatasync(fd)

    def replace(self, name: str, data: bytes) -> None:
        """As :meth:`Files.replace`: fsync before the rename, and of the folders after it."""
        with Refusals(f"replace {name} in {self.path}"):
            self._put(name, data, flush=True)
            for folder in sorted(_ancestors(name), key=len, reverse=True):
                with_fd(os.path.join(self._root, folder), os.fsync)

    def delete(self, name: str) -> None:
        """As :meth:`Files.delete`."""
        with Refusals(f"delete {name} in {self.path}"):
            target = self.locate(name)
            self._close_append()
            try:
                found = [item.name for item in os.scandir(target)]
            except NotADirectoryError:
                os.unlink(target)
                return
            except FileNotFoundError:
                return
        for below in found:
            self.delete(f"{name}/{below}")
        with Refusals(f"delete {name} in {self.path}"):
            self._made.discard(target)
            os.rmdir(target)

    def list(self, under: str) -> Iterator[str]:
        """As :meth:`Files.list`; what is half-written is not listed."""
        with Refusals(f"list {under} in {self.path}"):
            try:
                found = sorted(os.scandir(self.locate(under)), key=lambda item: item.name)
            except FileNotFoundError:
                return
        for item in found:
            name = f"{under}/{item.name}"
            if item.is_dir(follow_symlinks=False):
                yield from self.list(name)
            elif name.rpartition("/")[0] != self._scratch:
                yield name

    def lock(self, name: str) -> Lock:
        """As :meth:`Files.lock`, by flock; it does not hold across machines on every network file system."""
        with Refusals(f"lock {self.path}"):
            target = self.locate(name)
            self.make_folder(target.rpartition("/")[0], private=name.startswith("."))
            fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as exc:
                os.close(fd)
                raise StoreError(
                    f"another process is writing in {self.path}",
                    code="store/locked",
                    next_step="wait until it has finished, or stop it; reading needs no lock.",
                ) from exc
            except OSError:
                os.close(fd)
                raise
        return _FlockLock(fd, self._close_append)

    def clear_scratch(self, older_than: float = 0.0) -> None:
        """Remove what killed writers left half-written more than *older_than* seconds ago.

        Only a caller that holds the lock, or that passes an age no living writer reaches, may do this.
        """
        with Refusals(f"clear {self._scratch} in {self.path}"), contextlib.suppress(FileNotFoundError):
            for item in os.scandir(os.path.join(self._root, self._scratch)):
                if time.time() - item.stat(follow_symlinks=False).st_mtime >= older_than:
                    os.unlink(item.path)

    def _put(self, name: str, data: bytes, *, flush: bool) -> None:
        target, private = self.locate(name), name.startswith(".")
        if self._open_append is not None and self._open_append[0] == name:
            self._close_append()
        self.make_folder(target.rpartition("/")[0], private=private)
        folder = f"{self._root}/{self._scratch}"
        self.make_folder(folder, private=self._scratch.startswith("."))
        scratch = f"{folder}/{self._mark}-{next(self._count)}"
        fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if private else 0o644)
        try:
            try:
                if data and not flush and os.path.lexists(target):
                    # ext4 flushes a file that takes another's place by renaming, unless its blocks are there already; flushing is
                    # what this call leaves to sync(). Elsewhere this is as good as nothing.
                    os.posix_fallocate(fd, 0, len(data))
                write_all(fd, data)
                if flush:
                    os.fsync(fd)
            finally:
                os.close(fd)
            os.rename(scratch, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise

    def locate(self, name: str, *, link: bool = False) -> str:
        """The path of *name*, if its folder lies inside; and what it links to, if *link* says that links at its end will be followed."""
        check_name(name)
        target = f"{self._root}/{name}"
        folder = target.rpartition("/")[0]
        if link or folder not in self._made:
            real = os.path.realpath(target if link else folder)
            if os.path.commonpath([self._root, real]) != self._root:
                raise StoreError(
                    f"{name} in {self.path} is a link that leads out of the folder",
                    code="store/name",
                    next_step="replace the link by a copy.",
                )
        return target

    def make_folder(self, folder: str, *, private: bool = False) -> None:
        """Make the folder at this full path, as :meth:`locate` gives it, and those that lead to it; not durable below the root."""
        if folder in self._made:
            return
        if not os.path.isdir(folder):
            # Parents first and one by one: only so does each get its mode, and a new root its durable place in its parent.
            outside = os.path.commonpath([self._root, folder]) != self._root
            self.make_folder(os.path.dirname(folder), private=private and not outside)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o700 if private and folder != self._root else 0o755)
            if outside or folder == self._root:
                with_fd(os.path.dirname(folder), os.fsync)
        self._made.add(folder)

    def _close_append(self) -> None:
        if self._open_append is not None:
            os.close(self._open_append[1])
            self._open_append = None


class _FlockLock:
    """flock belongs to the open file, so the kernel drops it however the process ends."""

    def __init__(self, fd: int, on_release: Callable[[], None]) -> None:
        self._fd: int | None = fd
        self._on_release = on_release

    def release(self) -> None:
        if self._fd is not None:
            self._on_release()
            os.close(self._fd)
            self._fd = None


class Refusals:
    """A ``with`` block whose OSErrors leave as StoreErrors that say what was being done."""

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(exc, OSError):
            raise store_error(exc, self._doing) from exc


def _ancestors(name: str) -> Iterator[str]:
    folder = name
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def begin_writing(fd: int) -> None:
    """Ask the system to begin writing what is dirty in a file, without waiting for it."""
    # Linux answers this advice by starting to write what is dirty, and does not wait; elsewhere it does nothing, and that is right too.
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def with_fd(path: str, use: Callable[[int], None]) -> None:
    """Open a file or folder for as long as *use* takes; an fsync of a folder, for example."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        use(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of *data*, however many writes that takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
