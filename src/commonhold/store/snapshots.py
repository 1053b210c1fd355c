"""Snapshots: what a house holds beside its record, encrypted so that only whom the charter names can open it together (docs/formats/snapshot.md).

A mirror holds what is public. Drafts, works that nobody published, files that somebody laid into the house: they leave it only in here, as an age file to one
recipient, whose secret key is sealed for the custodians. Whoever keeps a snapshot can read nothing of it; and since anybody can encrypt to a recipient,
whoever opens one believes nothing of it: objects are hashed, names are looked at, and nothing takes the place of anything.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Final, Literal

import msgspec

from commonhold.kernel.canonical import canonical_bytes, parse_canonical
from commonhold.kernel.errors import FormatError, StoreError
from commonhold.kernel.keys import check_age_recipient
from commonhold.kernel.record.bodies import Digest
from commonhold.kernel.works.bags import check_paths
from commonhold.kernel.works.manifest import BEGINNING
from commonhold.store.agestream import decrypted, encrypt_pieces
from commonhold.store.files import DirectoryFiles, Refusals, with_fd
from commonhold.store.objects.bags import refuse_existing
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.protocol import PIECE, Putting, name_of, nothing
from commonhold.store.objects.works import is_manifest
from commonhold.store.partnerfile import FILE as PARTNERS
from commonhold.store.sealedfile import parse_identity
from commonhold.store.ustar import END, TarFiles, tar_file

CONFIG: Final = "snapshots.json"
FOLDER: Final = "snapshots"
FORM: Final = "commonhold/snapshot/v1"
CONFIG_FORM: Final = "commonhold/snapshots/v1"
HEAD: Final = "snapshot.json"
FILES: Final = "files"
SETTINGS: Final = (PARTNERS, "store.json")
"""The house's settings that are no secrets, by their names in its folder: where partners answer, and how many copies of works there are to be."""
NOT_TAKEN: Final = frozenset({"record", "objects", "keys", "site", "settings", FOLDER, *SETTINGS, CONFIG})
"""What of a house's folder is no draft: the record, objects by digest (they are gone through one by one), keys, what a mirror has, and to whom snapshots go."""
MIRROR_MARK: Final = ".mirror"
_OPENING: Final = ".opening"
MAX_FILES: Final = 100_000
_MAX_CONFIG: Final = 1 << 12
_OBJECT: Final = re.compile(r"objects/([0-9a-f]{2})/([0-9a-f]{62})")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom a house's snapshots are encrypted: an age *recipient*, whose secret key is sealed as *resource*; the record had *size* entries then."""

    form: Literal["commonhold/snapshots/v1"]
    recipient: str
    resource: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    size: Annotated[int, msgspec.Meta(ge=0)]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a snapshot is of: the organisation, how far its record went, and the house's clock in POSIX seconds."""

    form: Literal["commonhold/snapshot/v1"]
    org: Digest
    origin: Annotated[str, msgspec.Meta(max_length=255)]
    size: Annotated[int, msgspec.Meta(ge=0)]
    time: Annotated[int, msgspec.Meta(ge=0)]


@dataclass
class Snapshot:
    """What went into a snapshot, or came out of one; files that were *left* because others lie in their place, or they are no plain files."""

    objects: int = 0
    bytes: int = 0
    works: int = 0
    files: int = 0
    left: list[str] = field(default_factory=list)


def read_config(house: Path) -> Config | None:
    """To whom the house's snapshots go; None where nobody has said.

    Raises:
        FormatError: ``snapshot/config``. StoreError: if the file cannot be read.
    """
    try:
        raw = DirectoryFiles(house).read(CONFIG, _MAX_CONFIG)
    except StoreError as error:
        if error.code == "store/absent":
            return None
        raise
    try:
        found = msgspec.convert(parse_canonical(raw.removesuffix(b"\n"), max_size=_MAX_CONFIG, what=CONFIG), Config)
        check_age_recipient(found.recipient)
    except (FormatError, msgspec.ValidationError) as error:
        raise FormatError(
            f"{house / CONFIG} is damaged: {error}", code="snapshot/config", next_step="Make a new key: commonhold snapshot key"
        ) from None
    return found


def write_config(house: Path, config: Config) -> None:
    """Remember to whom the house's snapshots go; durable when this returns.

    Raises:
        StoreError: if the disk refuses.
    """
    DirectoryFiles(house, scratch="objects/.tmp").replace(CONFIG, canonical_bytes(msgspec.to_builtins(config)) + b"\n")


def write_snapshot(
    house: Path, out: Path, recipient: str, head: Head, is_public: Callable[[str], bool], told: Callable[..., None] = nothing
) -> Snapshot:
    """Encrypt what a mirror of the house does not hold; the file at *out* is whole and durable when this returns, and new.

    Args:
        is_public: whether a mirror holds the object with this digest.

    Raises:
        StoreError: ``store/exists``, or as the disk does. ProofError: if an object is damaged: scrub and repair first.
        FormatError: ``tar/name`` for a file whose name is too long.
    """
    done = Snapshot()
    part = out.with_name(f".{out.name[:100]}.{secrets.token_hex(8)}.part")
    refuse_existing(out)
    try:
        with Refusals(f"write {out}"), part.open("xb") as file:
            os.fchmod(file.fileno(), 0o644)
            encrypt_pieces(_archive(house, head, is_public, done, told), file, recipient)
            file.flush()
            os.fsync(file.fileno())
        with Refusals(f"write {out}"):
            refuse_existing(out)
            os.link(part, out)
            with_fd(str(out.parent), os.fsync)
    finally:
        part.unlink(missing_ok=True)
    return done


def open_snapshot(snapshot: Path, identity: str, house: Path, org: str, told: Callable[..., None] = nothing) -> tuple[Head, Snapshot]:
    """Bring what a snapshot holds into a house: objects and works to its store, files to where they lay; nothing is written over.

    Idempotent: what is there already is passed over, and a stopped run can be run again.

    Raises:
        CustodyError: ``sealed/other-key``, ``sealed/identity``. FormatError: if it is no whole snapshot; ``snapshot/other-org``. StoreError: ``store/locked``, or as a disk does.
        What came before that may be in the store, named by nothing; no file appears.
    """
    objects, done = ObjectDirectory(house), Snapshot()
    paths: list[str] = []
    with _staging(house) as staged:
        with decrypted(snapshot, parse_identity(identity)) as read, contextlib.ExitStack() as batches:
            archive = TarFiles(read)
            found = iter(archive)
            head = _head_of(archive, found, org)
            into: Putting = batches.enter_context(objects.batch())
            for name, size in found:
                if match := _OBJECT.fullmatch(name):
                    digest = match[1] + match[2]
                    beginning = archive.first(len(BEGINNING))
                    if objects.erased(digest):
                        continue
                    if beginning == BEGINNING:
                        # A manifest perhaps: what came before it must be durable first. They come last.
                        batches.close()
                        into = objects
                    into.put(itertools.chain([beginning], archive.pieces()), digest=digest, size=size)
                    done.objects += 1
                    done.bytes += size
                    if beginning == BEGINNING and is_manifest(objects, digest):
                        objects.mark_work(digest)
                        done.works += 1
                else:
                    if len(paths) >= MAX_FILES:
                        raise _bad_path(name)
                    paths.append(_checked(name))
                    _write(staged / paths[-1], archive.pieces())
                told(1)
            check_paths(paths)
        for path in paths:
            _settle(staged / path, house, path, done)
    return head, done


@contextlib.contextmanager
def _staging(house: Path) -> Iterator[Path]:
    """Where decrypted files wait, for their owner alone and for one run at a time; what a killed run left there goes first, and nothing stays."""
    folder = house / _OPENING
    lock = DirectoryFiles(house).lock(f"{_OPENING}/lock")
    try:
        shutil.rmtree(folder / FILES, ignore_errors=True)
        yield folder / FILES
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def _archive(house: Path, head: Head, is_public: Callable[[str], bool], done: Snapshot, told: Callable[..., None]) -> Iterator[bytes]:
    raw = canonical_bytes(msgspec.to_builtins(head))
    yield from tar_file(HEAD, len(raw), [raw])
    objects = ObjectDirectory(house)
    # Manifests last, so that whoever opens it has what they name before them.
    for digest in itertools.chain(_without(objects.list(), objects.works()), objects.works()):
        told(1)
        if is_public(digest):
            continue
        size = objects.size(digest)
        yield from tar_file(name_of(digest), size, objects.stream(digest))
        done.objects += 1
        done.bytes += size
    done.works = sum(1 for digest in objects.works() if not is_public(digest))
    for path, fd in _loose(house, done):
        with open(fd, "rb", buffering=0) as file:
            size = os.fstat(fd).st_size
            yield from tar_file(f"{FILES}/{path}", size, _fixed(file, size))
        done.files += 1
    yield END


def _without(digests: Iterator[str], others: Iterator[str]) -> Iterator[str]:
    """Of two listings in order, what only the first holds."""
    other = next(others, "")
    for digest in digests:
        while other and other < digest:
            other = next(others, "")
        if digest != other:
            yield digest


def _fixed(file: IO[bytes], size: int) -> Iterator[bytes]:
    """So many bytes of a file that may be growing; one that shrinks is ended with zeros, as tar does."""
    while size:
        piece = file.read(min(size, PIECE)) or bytes(min(size, PIECE))
        size -= len(piece)
        yield piece


def _loose(house: Path, done: Snapshot) -> Iterator[tuple[str, int]]:
    """Files of the house's folder that are neither record nor object nor key, opened; links and names with a dot are passed over."""
    folders = [""]
    count = 0
    while folders:
        at = folders.pop()
        with Refusals(f"read {house / at}"):
            items = sorted(os.scandir(house / at), key=lambda item: item.name)
        for item in items:
            path = f"{at}/{item.name}" if at else item.name
            if item.name.startswith(".") or path in NOT_TAKEN:
                continue
            if item.is_dir(follow_symlinks=False):
                # A mirror that lies in the house holds nothing of its own, but every snapshot before.
                if not os.path.lexists(f"{item.path}/{MIRROR_MARK}"):
                    folders.append(path)
                continue
            try:
                fd = os.open(item.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                done.left.append(path)
                continue
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                os.close(fd)
                done.left.append(path)
                continue
            count += 1
            if count > MAX_FILES:
                os.close(fd)
                raise StoreError(
                    f"{house} holds more than {MAX_FILES} files beside its store", code="snapshot/too-many", next_step="Make works of them."
                )
            yield path, fd


def _head_of(archive: TarFiles, found: Iterator[tuple[str, int]], org: str) -> Head:
    name, size = next(found, ("", 0))
    try:
        if name != HEAD or size > _MAX_CONFIG:
            raise FormatError(f"it begins with {name[:40]!a}")
        head = msgspec.convert(parse_canonical(b"".join(archive.pieces()), max_size=_MAX_CONFIG, what=HEAD), Head)
    except (FormatError, msgspec.ValidationError) as error:
        raise FormatError(
            f"this is no snapshot: {error}", code="snapshot/form", next_step="Name a file that `commonhold snapshot make` wrote."
        ) from None
    if head.org != org:
        raise FormatError(
            f"the snapshot is of {head.org[:12]}, and the house of {org[:12]}",
            code="snapshot/other-org",
            next_step="Name the house of the same organisation.",
        )
    return head


def _checked(name: str) -> str:
    """Where a file of a snapshot lies in a house; never where the record, objects, keys or anything hidden lie."""
    folder, _, path = name.partition("/")
    parts = path.split("/")
    if folder != FILES or parts[0].casefold() in NOT_TAKEN or any(part.startswith(".") for part in parts):
        raise _bad_path(name)
    check_paths([path])
    return path


def _bad_path(name: str) -> FormatError:
    return FormatError(
        f"the snapshot holds {name[:80]!a}, which nobody may bring into a house so",
        code="snapshot/path",
        next_step="Nothing of it was kept.",
    )


def _write(path: Path, pieces: Iterable[bytes]) -> None:
    with Refusals(f"write {path.name}"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("xb", buffering=0) as file:
            os.fchmod(file.fileno(), 0o600)
            for piece in pieces:
                file.write(piece)
            os.fsync(file.fileno())


def _settle(staged: Path, house: Path, path: str, done: Snapshot) -> None:
    """Put a file where it lay, unless something lies there: the same is well, another stays and is named."""
    target = house / path
    with Refusals(f"write {target}"):
        if any((house / folder).is_symlink() for folder in Path(path).parents):
            done.left.append(path)
            return
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(staged, target, follow_symlinks=False)
            with_fd(str(target.parent), os.fsync)
            done.files += 1
        except (FileExistsError, NotADirectoryError):
            if target.is_symlink() or not target.is_file() or _hash(target) != _hash(staged):
                done.left.append(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
