"""Settings, the site and sealed snapshots in a mirror: which a house wrote, listed and signed for; copied, and taken from another mirror (docs/formats/mirror.md).

New files come first, then the list, then the note that names the list, and only then what is gone goes. ``settings/`` and ``site/`` are the mirror's
own: whatever else lies there goes too.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CommonholdError, FormatError, ProofError, RuleError, StoreError
from commonhold.kernel.mirrors.filelist import FOLDERS, check_paths, list_bytes, parse_list
from commonhold.kernel.mirrors.note import MAX_NOTE, MirrorNote, open_mirror_note
from commonhold.kernel.notes import SignerKey, VerifierKey
from commonhold.kernel.tlog.merkle import Tree
from commonhold.mirror.folder.gathering import Show, quiet
from commonhold.mirror.folder.place import MirrorFolder
from commonhold.mirror.folder.source import From, FromFolder
from commonhold.store.files import Refusals
from commonhold.store.objects.pace import Pace
from commonhold.store.objects.protocol import MAX_OBJECT
from commonhold.store.partnerfile import FILE as PARTNERS
from commonhold.store.partnerfile import read_partners
from commonhold.store.snapshots import FOLDER as SNAPSHOTS
from commonhold.store.snapshots import SETTINGS

NOTE: Final = "mirror"
LIST: Final = "files.sha256"
MAX_FILE: Final = 1 << 30
"""Bytes of one file of the site; films are works. A snapshot is as long as what it holds."""


@dataclass
class Files:
    """What became of settings and site: what is listed now, which came, how many went, which were left out or failed, and why."""

    listed: Mapping[str, str] = field(default_factory=dict)
    taken: int = 0
    bytes: int = 0
    gone: int = 0
    left_out: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    signed: bool = False
    wrong: int = 0


def held_files(folder: MirrorFolder, key: VerifierKey) -> tuple[MirrorNote | None, bytes, dict[str, str]]:
    """The note that a mirror holds, as bytes too, and what its list names; none where they do not fit together or another key signed.

    Raises:
        StoreError: if the disk refuses.
    """
    try:
        raw = folder.files.read(NOTE, MAX_NOTE)
        note = open_mirror_note(raw, key)
        listed = folder.files.read(LIST, note.length)
        if hashlib.sha256(listed).hexdigest() == note.files:
            return note, raw, parse_list(listed)
    except (FormatError, ProofError):
        pass
    except StoreError as error:
        if error.code not in {"store/absent", "store/too-big"}:
            raise
    return None, b"", {}


def build_files(
    folder: MirrorFolder, house: Path, site: Path | None, signer: SignerKey, tree: Tree, now: int, *, show: Show = quiet
) -> Files:
    """Copy the settings of a house and its site into a mirror, list them, and sign for the list with the log's key.

    Args:
        site: the folder of the site; None to leave the site that the mirror has.
        tree: of the record that the mirror holds.
        now: POSIX seconds.

    Raises:
        FormatError: ``mirror/path``, ``mirror/paths-alike`` for a name that may not be in a mirror. StoreError: ``mirror/link`` for a link in the site, or as
            the disk says.
    """
    done = Files()
    held, _, before = held_files(folder, signer.verifier)
    found = {f"settings/{name}": house / name for name in SETTINGS if (house / name).is_file()}
    if (house / SNAPSHOTS).is_dir():
        found |= {f"{SNAPSHOTS}/{name}": house / SNAPSHOTS / name for name in _below(house / SNAPSHOTS, done)}
    if site is not None:
        found |= {f"site/{name}": site / name for name in _below(site, done)}
    check_paths(found)
    kept = (
        {} if site is not None else {path: digest for path, digest in before.items() if path.startswith("site/") and folder.size(path) >= 0}
    )
    listed: dict[str, str] = dict(kept)
    with show(len(found), "files") as bar:
        for path, source in found.items():
            listed[path] = _copied(folder, path, source, before, done)
            bar.update()
    raw = list_bytes(listed)
    done.listed, done.signed = listed, True
    note = MirrorNote(signer.verifier.name, tree.size, tree.root(), hashlib.sha256(raw).hexdigest(), len(raw), now)
    if held is None or (note.size, note.files) != (held.size, held.files):
        later = note if held is None or note.age > held.age else dataclasses.replace(note, time=held.time + 1)
        _publish(folder, raw, later.sign(signer))
    done.gone = _sweep(folder, listed)
    return done


def take_files(
    folder: MirrorFolder,
    source: From,
    key: VerifierKey,
    tree: Tree,
    *,
    verify: bool = False,
    pace: Pace | None = None,
    show: Show = quiet,
) -> Files:
    """Take the settings and the site of another mirror, if its house has signed for them and they are no older than what is held.

    Args:
        key: the log's.
        tree: of the record that was replayed, which the note must be about.

    Raises:
        FormatError, ProofError, RuleError, StoreError: if note or list are not to be believed; nothing was changed then. A single file that is not as listed
            is among what *failed*, and then note and list stay as they were.
    """
    done = Files()
    held, held_raw, before = held_files(folder, key)
    try:
        raw = source.read(NOTE, MAX_NOTE)
    except StoreError as error:
        if error.code == "store/absent":
            done.listed = before
            return done
        raise
    note = open_mirror_note(raw, key)
    if note.size > tree.size or tree.root(note.size) != note.root:
        raise _changing(source, f"its note is about {note.size} entries of the log, and its record has {tree.size}")
    if held is not None and note.age < held.age:
        raise RuleError(
            f"{source} serves older settings and an older site than you hold: written at {note.time}, and {held.time} is held",
            code="mirror/older-files",
            next_step="What is held was left as it is. Try another mirror.",
        )
    listed = source.read(LIST, note.length)
    if len(listed) != note.length or hashlib.sha256(listed).hexdigest() != note.files:
        raise _changing(source, f"its {LIST} is not the one that its note names")
    files = parse_list(listed)
    pace = pace or Pace()
    with show(len(files), "files") as bar:
        for path, digest in files.items():
            if before.get(path) != digest or not _whole(folder, path, digest, verify=verify):
                _take(folder, source, path, digest, pace, done)
            bar.update()
    done.listed = before
    if not done.failed:
        done.listed, done.signed = files, True
        if held_raw != raw or before != files:
            _publish(folder, listed, raw)
        done.gone = _sweep(folder, files)
    return done


def partners_known(listed: Mapping[str, str]) -> bool:
    """Whether a list names the file in which a house says where its partners answer."""
    return f"settings/{PARTNERS}" in listed


def partners_of(folder: MirrorFolder, listed: Mapping[str, str]) -> tuple[str, ...]:
    """Where partners answer, as the settings in a mirror say; none where they do not."""
    if not partners_known(listed):
        return ()
    try:
        return read_partners(folder.path / "settings")
    except CommonholdError:
        return ()


def _take(folder: MirrorFolder, source: From, path: str, digest: str, pace: Pace, done: Files) -> None:
    """One file; what the place does wrong is named, and what this disk does wrong is raised."""
    failed: list[CommonholdError] = []

    def pieces() -> Iterator[bytes]:
        try:
            for piece in source.pieces(path, _limit(path)):
                done.bytes += len(piece)
                yield piece
                pace.took(len(piece))
        except CommonholdError as error:
            failed.append(error)
            raise

    try:
        folder.put(path, pieces(), digest=digest, max_size=_limit(path))
        done.taken += 1
    except ProofError as error:
        done.failed[path] = str(error)
        done.wrong += 1
    except CommonholdError as error:
        if not failed:
            raise
        done.failed[path] = str(error)


def _copied(folder: MirrorFolder, path: str, source: Path, before: Mapping[str, str], done: Files) -> str:
    """Copy one file of the house unless the mirror has it, and give its digest."""
    place = FromFolder(source.parent)
    if path in before:
        hashed, size = hashlib.sha256(), 0
        for piece in place.pieces(source.name, _limit(path)):
            hashed.update(piece)
            size += len(piece)
        if hashed.hexdigest() == before[path] and folder.size(path) == size:
            return before[path]
    done.taken += 1
    return folder.put(path, place.pieces(source.name, _limit(path)), max_size=_limit(path))


def _whole(folder: MirrorFolder, path: str, digest: str, *, verify: bool) -> bool:
    if folder.size(path) < 0:
        return False
    if not verify:
        return True
    hashed = hashlib.sha256()
    for piece in FromFolder(folder.path).pieces(path, _limit(path)):
        hashed.update(piece)
    return hashed.hexdigest() == digest


def _below(site: Path, done: Files) -> Iterator[str]:
    """Names of all files of a site, without what begins with a dot, which no mirror serves."""
    if not site.is_dir():
        raise StoreError(f"there is no folder {site}", code="store/absent", next_step="Name the folder of the site with --site.")

    def refuse(error: OSError) -> None:
        raise error

    with Refusals(f"read the site in {site}"):
        for where, names, here in os.walk(site, onerror=refuse):
            for name in [*names, *here]:
                path = Path(where, name)
                if name.startswith("."):
                    done.left_out.append(str(path.relative_to(site)))
                elif path.is_symlink() or (name in here and not path.is_file()):
                    raise StoreError(
                        f"{path} is a link, or no regular file",
                        code="mirror/link",
                        next_step="A site is copied as it is; replace the link by what it leads to.",
                    )
                elif name in here:
                    yield str(path.relative_to(site))
            names[:] = sorted(name for name in names if not name.startswith("."))


def _limit(path: str) -> int:
    return MAX_OBJECT if path.startswith(f"{SNAPSHOTS}/") else MAX_FILE


def _publish(folder: MirrorFolder, listed: bytes, note: bytes) -> None:
    folder.files.replace(LIST, listed)
    folder.files.replace(NOTE, note)


def _sweep(folder: MirrorFolder, listed: Mapping[str, str]) -> int:
    keep = frozenset(listed)
    return sum(folder.sweep(name, keep) for name in FOLDERS)


def _changing(source: From, why: str) -> StoreError:
    return StoreError(
        f"the settings and the site at {source} do not fit its record: {why}",
        code="mirror/changing",
        next_step="It is being written, or was left half-written. Run this again; if it stays so, tell its keeper.",
    )
