"""Bags on a disk (docs/formats/bag.md): works written as a folder or a zip file that any archive can validate, and taken back with the same ids.

A bag that comes from outside is looked at as a whole before anything of it is kept: names, kinds of files, sizes, manifests. Then each object is
hashed while it is put; nothing is ever unpacked to a folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final, NamedTuple, Protocol

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.kernel.works.bags import (
    DECLARATION,
    DECLARED,
    FETCH,
    INFO,
    MANIFEST,
    MAX_ENTRIES,
    MAX_TAG_FILE,
    TAG_MANIFEST,
    Entry,
    check_complete,
    check_declaration,
    check_paths,
    check_payload,
    info_bytes,
    manifest_bytes,
    parse_manifest,
    payload_of,
    read_manifest,
    works_in,
)
from commonhold.kernel.works.manifest import MAX_MANIFEST
from commonhold.store.files import Refusals, with_fd, write_all
from commonhold.store.objects.protocol import PIECE, Objects, nothing
from commonhold.store.objects.works import load_work, put_work

ZIP: Final = ".zip"
MAX_DIRECTORY: Final = 64 << 20
"""Bytes of a zip file's table of contents: what is held in memory grows with it."""
BOMB_FROM: Final = 100 << 20
BOMB_RATIO: Final = 200
"""A zip file that would become more than 100 MiB and this many times its own size is refused."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
_GET_AGAIN: Final = "Nothing was taken. Get the bag again."


class _Target(Protocol):
    def write(self, path: str, pieces: Iterable[bytes], size: int) -> str:
        """Write one file and give the SHA-256 of it."""


class BagFile(NamedTuple):
    """One payload file to write: its path below the bag, its bytes, how many they are."""

    path: str
    pieces: Iterable[bytes]
    size: int


def write_bag(
    objects: Objects,
    works: Iterable[str],
    out: Path,
    labels: Iterable[tuple[str, str]] = (),
    told: Callable[..., None] = nothing,
) -> dict[str, Entry]:
    """Write works as one bag: a folder, or a zip file if *out* ends in ``.zip``; give its payload.

    It lies at *out* only when all of it was verified and is durable.

    Args:
        labels: further lines of ``bag-info.txt``.

    Raises:
        StoreError: ``store/exists`` if something lies at *out*; as the store and the disk do. ProofError, RuleError: if an object is damaged, or was erased.
    """
    refuse_existing(out)
    chosen = {work: load_work(objects, work) for work in dict.fromkeys(works)}
    payload = {path: entry for work in chosen.values() for path, entry in payload_of(work).items()}
    described = [
        *labels,
        *(("External-Identifier", work) for work in chosen),
        *(("External-Description", title) for work in chosen.values() for title in work.titles.values()),
    ]
    files = (BagFile(path, objects.stream(entry.digest), entry.size) for path, entry in payload.items())
    return write_files(out, files, described, told)


def write_files(
    out: Path, files: Iterable[BagFile], labels: Iterable[tuple[str, str]] = (), told: Callable[..., None] = nothing
) -> dict[str, Entry]:
    """Write any files as a bag, as :func:`write_bag`; paths begin with ``data/`` and are safe everywhere.

    Raises:
        StoreError: as :func:`write_bag`, and whatever the files' bytes raise.
    """
    refuse_existing(out)
    payload: dict[str, Entry] = {}
    with _new(out) as target:
        for path, pieces, size in files:
            payload[path] = Entry(target.write(path, pieces, size), size)
            told(1)
        oxum = ("Payload-Oxum", f"{sum(entry.size for entry in payload.values())}.{len(payload)}")
        manifest = manifest_bytes({path: entry.digest for path, entry in payload.items()})
        tagged = {DECLARATION: DECLARED, INFO: info_bytes([*labels, oxum]), MANIFEST: manifest}
        raw = manifest_bytes({name: target.write(name, [data], len(data)) for name, data in tagged.items()})
        target.write(TAG_MANIFEST, [raw], len(raw))
    return payload


def refuse_existing(out: Path) -> None:
    """Pass in silence if nothing lies at *out*.

    Raises:
        StoreError: ``store/exists``.
    """
    if os.path.lexists(out):
        raise StoreError(f"{out} is already there", code="store/exists", next_step="Choose another name; nothing is written over.")


def read_bag(bag: Path, objects: Objects, told: Callable[..., None] = nothing) -> list[str]:
    """Take the works of a bag into a store, and give their ids. Idempotent; a work is there whole or not at all.

    Raises:
        FormatError, ProofError: if the bag is none, leads out, lacks something, or holds something else than it says. Nothing was taken then, but when
            bytes that are not those of a manifest are found while they are put: objects that came before may lie in the store, named by nothing.
        StoreError: if the bag or the store cannot be read or written. RuleError: if something of it was erased by decision.
    """
    with _opened(bag) as source:
        files = check_paths(source.sizes)
        if DECLARATION not in files or MANIFEST not in files:
            lacking = DECLARATION if DECLARATION not in files else MANIFEST
            raise FormatError(
                f"{bag} is no bag that can be read here: there is no {lacking}",
                code="bag/none",
                next_step="Name the folder that holds bagit.txt, or a zip file of it. Its manifest must be one of SHA-256.",
            )
        check_declaration(source.small(DECLARATION, 1 << 10))
        if FETCH in files and source.sizes[FETCH]:
            raise FormatError(
                f"{FETCH} names files that lie elsewhere",
                code="bag/fetch",
                next_step="Fetch them first, and empty it; nothing is fetched here.",
            )
        digests = parse_manifest(source.small(MANIFEST, MAX_TAG_FILE))
        check_complete(digests, files)
        _check_tags(source, files)
        payload: dict[str, Entry] = {}
        found = {}
        for work, path in works_in(digests):
            found[work] = read_manifest(source.small(path, MAX_MANIFEST), work)
            payload |= payload_of(found[work])
        check_payload(payload, digests, source.sizes)
        with objects.batch() as batch:
            for path, entry in payload.items():
                if not path.endswith("/manifest.json"):
                    batch.put(source.pieces(path), digest=entry.digest, size=entry.size)
                told(1)
        return [put_work(objects, work) for work in found.values()]


def _check_tags(source: _Source, files: frozenset[str]) -> None:
    if TAG_MANIFEST not in files:
        return
    for path, digest in parse_manifest(source.small(TAG_MANIFEST, MAX_TAG_FILE), TAG_MANIFEST).items():
        if path not in files or path.startswith("data/"):
            raise FormatError(f"{TAG_MANIFEST} names {path[:80]!a}, which is no tag file here", code="bag/incomplete", next_step=_GET_AGAIN)
        hashed = hashlib.sha256()
        for piece in source.pieces(path):
            hashed.update(piece)
        if hashed.hexdigest() != digest:
            raise ProofError(f"{path} is not as {TAG_MANIFEST} says", code="bag/altered", next_step=_GET_AGAIN)


# ------------------------------------------------------------------------------------------------------------------------------ writing


@contextlib.contextmanager
def _new(out: Path) -> Iterator[_Target]:
    parent = out.absolute().parent
    with Refusals(f"write {out}"):
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=parent))
    try:
        with Refusals(f"write {out}"):
            if out.suffix.lower() == ZIP:
                made = work / "bag"
                with made.open("xb") as file:
                    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
                        yield _ZipTarget(archive, out.stem)
                    file.flush()
                    os.fsync(file.fileno())
            else:
                made = work / "bag"
                made.mkdir()
                target = _FolderTarget(made)
                yield target
                target.flush()
            # A rename would take the place of an empty folder or of a file that has come meanwhile.
            refuse_existing(out)
            os.rename(made, out)
            with_fd(str(parent), os.fsync)
    finally:
        shutil.rmtree(work, ignore_errors=True)


class _FolderTarget:
    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> str:
        del size
        target, hashed = self._path / path, hashlib.sha256()
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb", buffering=0) as file:
            for piece in pieces:
                hashed.update(piece)
                write_all(file.fileno(), piece)
            os.fsync(file.fileno())
        return hashed.hexdigest()

    def flush(self) -> None:
        for folder, _, _ in os.walk(self._path, topdown=False):
            with_fd(folder, os.fsync)


class _ZipTarget:
    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self._name = archive, name

    def write(self, path: str, pieces: Iterable[bytes], size: int) -> str:
        hashed, info = hashlib.sha256(), zipfile.ZipInfo(f"{self._name}/{path}", _DATE)
        info.external_attr = 0o644 << 16
        info.file_size = size
        with self._archive.open(info, "w", force_zip64=size >= zipfile.ZIP64_LIMIT // 2) as file:
            for piece in pieces:
                hashed.update(piece)
                file.write(piece)
        return hashed.hexdigest()


# ------------------------------------------------------------------------------------------------------------------------------ reading


class _Source:
    """The files of a bag: their sizes by path, and their bytes."""

    def __init__(self, sizes: Mapping[str, int], opened: Callable[[str], IO[bytes]]) -> None:
        self.sizes, self._opened = sizes, opened

    def pieces(self, path: str) -> Iterator[bytes]:
        try:
            with Refusals(f"read {path} of the bag"), self._opened(path) as file:
                while piece := file.read(PIECE):
                    yield piece
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
            raise FormatError(f"{path} in the bag cannot be unpacked: {error}", code="bag/damaged", next_step=_GET_AGAIN) from None

    def small(self, path: str, max_size: int) -> bytes:
        data = b""
        for piece in self.pieces(path):
            data += piece
            if len(data) > max_size:
                raise FormatError(f"{path} in the bag has more than {max_size} bytes", code="bag/too-big", next_step="Nothing was taken.")
        return data


@contextlib.contextmanager
def _opened(bag: Path) -> Iterator[_Source]:
    if bag.is_dir():
        yield _Source(dict(_walked(bag)), lambda path: _open_file(bag / path))
        return
    with Refusals(f"read {bag}"):
        file = _open_file(Path(os.path.realpath(bag)))
    with file:
        _check_directory(file, bag)
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError) as error:
            raise _no_zip(bag, error) from None
        with archive:
            members = _members(archive, os.fstat(file.fileno()).st_size)
            yield _Source({path: info.file_size for path, info in members.items()}, lambda path: archive.open(members[path]))


def _walked(bag: Path) -> Iterator[tuple[str, int]]:
    """Files below a folder; anything but a file and a folder is refused, and no link is followed."""
    folders, count = [""], 0
    while folders:
        at = folders.pop()
        with Refusals(f"read {bag / at}"):
            items = sorted(os.scandir(bag / at), key=lambda item: item.name)
        for item in items:
            path = f"{at}/{item.name}" if at else item.name
            count += 1
            if count > 2 * MAX_ENTRIES:
                raise FormatError(
                    f"{bag} holds more than a bag may", code="bag/too-many", next_step="Check that this is the bag's own folder."
                )
            with Refusals(f"read {path} of the bag"):
                found = item.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                folders.append(path)
            elif stat.S_ISREG(found.st_mode):
                yield path, found.st_size
            else:
                raise _link(path)


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The files of a zip file by their paths in the bag, which may lie in one folder of the archive."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    for info in files:
        kind = stat.S_IFMT(info.external_attr >> 16)
        # What stands behind a zero byte is cut off by the library, and not by every program.
        if "\0" in info.orig_filename or info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(
                f"{info.orig_filename[:80]!a} in the zip file is encrypted, packed in an unusual way, or has no plain name",
                code="bag/damaged",
                next_step="Ask for a plain zip file, or unpack it and name the folder.",
            )
        if kind not in (0, stat.S_IFREG):
            raise _link(info.filename)
    whole, packed = sum(info.file_size for info in files), sum(info.compress_size for info in files)
    if packed > size or (whole > BOMB_FROM and whole > BOMB_RATIO * size):
        raise FormatError(
            f"the zip file has {size} bytes and says that {whole} are in it: unpacking it would fill the disk",
            code="bag/bomb",
            next_step="Nothing was taken. If it is what it says, unpack it with another program and name the folder.",
        )
    names = check_paths(info.filename for info in files)
    top = next((f"{name.partition('/')[0]}/" for name in sorted(names) if name.endswith(f"/{DECLARATION}") and name.count("/") == 1), "")
    if top and DECLARATION not in names and all(name.startswith(top) for name in names):
        return {info.filename.removeprefix(top): info for info in files}
    return {info.filename: info for info in files}


def _check_directory(file: IO[bytes], bag: Path) -> None:
    """Refuse a zip file whose table of contents is too long to be held, before it is read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 64))
    tail = file.read((1 << 16) + 64)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise _no_zip(bag, "it does not end like one")
    length = int.from_bytes(tail[at + 12 : at + 16], "little")
    locator = tail.rfind(b"PK\x06\x06", 0, at)
    if length == 0xFFFFFFFF and locator >= 0:
        length = int.from_bytes(tail[locator + 40 : locator + 48], "little")
    if length > MAX_DIRECTORY:
        raise FormatError(f"{bag} holds more files than a bag may", code="bag/too-many", next_step="Ask for it in several bags.")


def _no_zip(bag: Path, why: object) -> FormatError:
    return FormatError(
        f"{bag} is neither a folder nor a whole zip file: {why}",
        code="bag/none",
        next_step="Name the bag's folder, or a zip file of it; unpack anything else first.",
    )


def _open_file(path: Path) -> IO[bytes]:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _link(path.name)
    return open(fd, "rb", buffering=0)


def _link(path: str) -> FormatError:
    return FormatError(
        f"{path[:80]!a} in the bag is a link or no regular file",
        code="bag/link",
        next_step="Nothing was taken. Replace it by the file itself.",
    )
