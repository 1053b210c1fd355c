"""The folder of a mirror on this disk: whose it is, one writer at a time, and files that appear whole (docs/formats/mirror.md).

What the writer keeps for itself lies below ``.mirror``: its lock, what is half-written, whose mirror this is, and evidence against a log. A folder that holds
anything else is never taken for a mirror, and nothing is written there.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, StoreError
from commonhold.kernel.ids import parse_digest
from commonhold.store.epochs import first_entry
from commonhold.store.fetch import is_private_address
from commonhold.store.files import DirectoryFiles, Refusals, store_error, with_fd, write_all
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import Source, pieces_of
from commonhold.store.reader import CHECKPOINT, StaticReader
from commonhold.store.record import RECORD
from commonhold.store.snapshots import MIRROR_MARK

OWN: Final = MIRROR_MARK
WHOSE: Final = f"{OWN}/folder"
LOCK: Final = f"{OWN}/lock"
SCRATCH: Final = f"{OWN}/writing"
EVIDENCE: Final = f"{OWN}/evidence"
FORM: Final = "commonhold/mirror-folder/v1"
HINT: Final = ".well-known/commonhold.json"
MAX_HINTED: Final = 8
_IGNORED: Final = {OWN, "lost+found"}


class MirrorFolder:
    """The folder of one organisation's mirror, open for writing.

    Args:
        path: the folder.
        org: whose mirror it is.
    """

    def __init__(self, path: Path, org: str) -> None:
        self.path, self.org = path, org
        self.files = DirectoryFiles(path, scratch=SCRATCH)
        self.objects = ObjectDirectory(path)
        self._root = os.path.realpath(path)
        self._mark, self._count = secrets.token_hex(8), itertools.count()

    def __str__(self) -> str:
        return str(self.path)

    def record(self) -> StaticReader:
        """A reader of the record that lies here."""
        return StaticReader(DirectoryFiles(self.path / RECORD).read)

    def put(self, name: str, source: Source, *, digest: str = "", max_size: int) -> str:
        """Write a public file that appears whole and durable, and give its digest; nothing of it is left otherwise.

        Args:
            name: relative, any text that :func:`commonhold.kernel.mirrors.filelist.check_paths` takes, or the hint.
            digest: what it must hash to; "" for whatever it hashes to.

        Raises:
            ProofError: ``mirror/altered``. StoreError: ``store/too-big``, ``store/name`` if a link is in the way, or as the disk says.
        """
        scratch = f"{self._root}/{SCRATCH}/{self._mark}-{next(self._count)}"
        self.files.make_folder(f"{self._root}/{SCRATCH}", private=True)
        hashed, seen = hashlib.sha256(), 0
        try:
            with Refusals(f"write {name!a} in {self.path}"):
                fd = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
                try:
                    for piece in pieces_of(source):
                        seen += len(piece)
                        if seen > max_size:
                            raise StoreError(f"{name!a} is longer than {max_size} bytes", code="store/too-big")
                        hashed.update(piece)
                        write_all(fd, piece)
                    if digest and hashed.hexdigest() != digest:
                        raise ProofError(
                            f"{name!a} has the digest {hashed.hexdigest()}, and the house listed {digest}",
                            code="mirror/altered",
                            next_step="Fetch it again, or from another mirror.",
                        )
                    os.fsync(fd)
                finally:
                    os.close(fd)
                os.rename(scratch, self._made_room(name))
                scratch = ""
                folder = name
                while folder:
                    folder = folder.rpartition("/")[0]
                    with_fd(os.path.join(self._root, folder), os.fsync)
        finally:
            if scratch:
                with contextlib.suppress(OSError):
                    os.unlink(scratch)
        return hashed.hexdigest()

    def size(self, name: str) -> int:
        """Bytes of a regular file here; -1 if there is none under that name."""
        target = f"{self._root}/{name}"
        try:
            found = os.lstat(target)
            inside = os.path.realpath(os.path.dirname(target)) == os.path.dirname(target)
        except OSError:
            return -1
        return found.st_size if inside and os.path.isfile(target) and not os.path.islink(target) else -1

    def sweep(self, folder: str, keep: frozenset[str]) -> int:
        """Remove everything below *folder* that *keep* does not name, links themselves and empty folders too; gives how many files went.

        Raises:
            StoreError: if the disk refuses.
        """
        gone = 0
        with Refusals(f"remove what is gone from {folder} in {self.path}"):
            base = f"{self._root}/{folder}"
            if os.path.islink(base):
                os.unlink(base)
            for where, names, here in os.walk(base, topdown=False):
                for name in here + [name for name in names if os.path.islink(f"{where}/{name}")]:
                    if f"{where}/{name}"[len(self._root) + 1 :] not in keep:
                        os.unlink(f"{where}/{name}")
                        gone += 1
                with contextlib.suppress(OSError):
                    os.rmdir(where)
        return gone

    def hinted(self) -> bool:
        """Whether a hint is there."""
        return (self.path / HINT).is_file()

    def write_hint(self, partners: Sequence[str]) -> None:
        """Write ``.well-known/commonhold.json`` (docs/formats/short-code.md): whom to ask; addresses in private networks lead no reader anywhere.

        Raises:
            StoreError: if the disk refuses.
        """
        public = [url for url in partners if not is_private_address(url)][:MAX_HINTED]
        raw = json.dumps({"org": self.org, "partners": public}).encode() + b"\n"
        with contextlib.suppress(OSError):
            if (self.path / HINT).read_bytes() == raw:
                return
        self.put(HINT, raw, max_size=len(raw))

    def keep_evidence(self, raw: bytes) -> Path:
        """Keep a file that convicts a log, and say where; durable when this returns.

        Raises:
            StoreError: if the disk refuses.
        """
        name = f"{EVIDENCE}/{hashlib.sha256(raw).hexdigest()[:16]}.json"
        self.files.replace(name, raw)
        return self.path / name

    def _made_room(self, name: str) -> str:
        """The full path of a file, in folders that are folders here and no links."""
        folder, target = self._root, f"{self._root}/{name}"
        for part in name.split("/")[:-1]:
            folder = f"{folder}/{part}"
            if os.path.islink(folder):
                raise StoreError(f"{folder} is a link", code="store/name", next_step="Replace the link by a folder.")
            if os.path.lexists(folder) and not os.path.isdir(folder):
                # A file of the site that has become a folder.
                os.unlink(folder)
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, 0o755)
        if os.path.isdir(target) and not os.path.islink(target):
            self.sweep(name, frozenset())
        return target


def owner_of(path: Path) -> str:
    """Whose mirror lies in a folder, by its id; "" where nothing lies there yet.

    Raises:
        StoreError: ``mirror/not-empty`` if something else lies there.
    """
    try:
        if not os.path.lexists(path):
            return ""
        names = set(os.listdir(path)) - _IGNORED
        own = path / WHOSE
        if own.is_file() and not own.is_symlink():
            form, _, org = own.read_text("ascii", "replace").rstrip("\n").partition("\n")
            if form == FORM:
                return parse_digest(org)
        # As it was copied by a program that leaves out what begins with a dot, or over the web.
        if not names:
            return ""
        if (path / RECORD / CHECKPOINT).is_file() and (path / HINT).is_file() and not (path / "keys").exists():
            entry, _ = first_entry(StaticReader(DirectoryFiles(path / RECORD).read))
            return entry.id if entry.type == "found" else entry.org
    except OSError as error:
        raise store_error(error, f"look into {path}") from error
    except CommonholdError as error:
        raise _not_empty(path, f" ({error})") from None
    raise _not_empty(path, "")


@contextlib.contextmanager
def opened(path: Path, org: str) -> Iterator[MirrorFolder]:
    """The mirror of *org* in a folder, for one writer at a time; it is begun there if the folder is empty.

    Raises:
        ProofError: ``mirror/other-org`` if it is another's. StoreError: ``mirror/not-empty``, ``store/locked``, or as the disk says.
    """
    found = owner_of(path)
    if found and found != org:
        raise ProofError(
            f"{path} is the mirror of {found}, and this is {org}",
            code="mirror/other-org",
            next_step="Choose another folder; each organisation has its own.",
            data={"found": found, "expected": org},
        )
    folder = MirrorFolder(path, org)
    lock = folder.files.lock(LOCK)
    try:
        folder.files.clear_scratch()
        if not (path / WHOSE).is_file():
            folder.files.replace(WHOSE, f"{FORM}\n{org}\n".encode())
        yield folder
    finally:
        lock.release()


def _not_empty(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path} is not empty, and no mirror{why}",
        code="mirror/not-empty",
        next_step="Choose an empty folder, or one that is not there yet; nothing was written.",
    )
