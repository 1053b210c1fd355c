"""The record's files into a mirror: bundles, tiles, then the checkpoint, each durable before what names it (C2SP tlog-tiles).

Every entry that is written was proved to be in the signed head, and the tiles are made anew from the entries; the tiles of a place are never copied. A
later epoch comes in a folder of its own, which takes the place of ``record/`` in one step.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from typing import Final

from commonhold.kernel.errors import FormatError, ProofError, StoreError
from commonhold.kernel.tlog.tiles import TILE_WIDTH
from commonhold.mirror.folder.heads import Head, head_of
from commonhold.mirror.folder.place import OWN, MirrorFolder
from commonhold.store.edge import Edge, frame, load_edge, still_served, superseded
from commonhold.store.epochs import EPOCHS
from commonhold.store.files import DirectoryFiles, Files, Refusals, with_fd
from commonhold.store.objects.protocol import nothing
from commonhold.store.reader import CHECKPOINT, StaticReader
from commonhold.store.record import RECORD

NEXT: Final = "record.next"
LAST: Final = "record.last"
_CHUNK: Final = 16 << 20
_CHUNK_BUNDLES: Final = 16
_RENAMEAT2: Final = {"x86_64": 316, "aarch64": 276, "riscv64": 276, "i686": 353, "armv7l": 382, "ppc64le": 357, "s390x": 347}
_EXCHANGE: Final = 2
_AT_FDCWD: Final = -100


def write_record(
    folder: MirrorFolder,
    reader: StaticReader,
    head: Head,
    held: Head | None,
    raw: bytes,
    told: Callable[[int], None] = nothing,
    *,
    anew: bool = False,
) -> None:
    """Bring the record in a mirror to *head*, whose record was replayed and may follow on what is held; durable when this returns.

    Args:
        reader: of the record of *head*; everything is proved again.
        raw: the checkpoint to publish, with signatures.
        anew: write all files again, also those that are held.

    Raises:
        ProofError, FormatError, StoreError: if a file is damaged, or the disk refuses; what is published is whole then, the old or the new.
    """
    if held is None or held.epoch == head.epoch:
        _write_whole(DirectoryFiles(folder.path / RECORD), reader, head, None if anew else held, raw, told)
        return
    new = folder.path / OWN / NEXT
    with Refusals(f"clear {new}"), contextlib.suppress(FileNotFoundError):
        shutil.rmtree(new)
    _write_whole(DirectoryFiles(new), reader, head, None, raw, told, mine=(held.epoch, folder.record()))
    _exchange(folder)


def settle(folder: MirrorFolder) -> None:
    """End what a killed run may have left of exchanging two records, and of writing files.

    Raises:
        StoreError: if the disk refuses.
    """
    record, last = folder.path / RECORD, folder.path / OWN / LAST
    with Refusals(f"settle the record in {folder.path}"):
        if last.is_dir() and not record.exists():
            os.rename(last, record)
            _flush(folder)
        for left in (last, folder.path / OWN / NEXT):
            if left.is_dir():
                shutil.rmtree(left)
    DirectoryFiles(record).clear_scratch()


def _write_whole(
    files: Files,
    reader: StaticReader,
    head: Head,
    held: Head | None,
    raw: bytes,
    told: Callable[[int], None],
    mine: tuple[int, StaticReader] | None = None,
) -> None:
    for epoch in range(head.epoch):
        best = reader.earlier(epoch)
        if mine is not None and epoch <= mine[0]:
            # This mirror's own copy of an earlier log may be longer than what the later record took along; nothing of it is lost.
            own = mine[1] if epoch == mine[0] else mine[1].earlier(epoch)
            best = max(best, own, key=lambda one: head_of(one).checkpoint.size)
        under, old = f"{EPOCHS}/{epoch}/", None
        if held is not None:
            old = head_of(_below(files, under))
            if old.checkpoint.size >= head_of(best).checkpoint.size:
                continue
        write_log(files, under, best, head_of(best), old)
    write_log(files, "", reader, head, held, raw, told)


def write_log(
    files: Files, under: str, reader: StaticReader, head: Head, held: Head | None, raw: bytes = b"", told: Callable[[int], None] = nothing
) -> None:
    """Bring one log below *under* from where it is *held* to *head*: entries and tiles first, flushed, then the checkpoint.

    Raises:
        ProofError: if an entry is not the log's, or it does not begin with what is held. FormatError, StoreError: as the files and the disk say.
    """
    raw, size, root = raw or head.raw, head.checkpoint.size, head.checkpoint.root
    hashes = reader.hashes(size, root)
    if held is not None and hashes.root(held.checkpoint.size) != held.checkpoint.root:
        raise ProofError(f"the log {head.key.name} does not begin with what is held of it", code="mirror/two-faces")
    edge = Edge() if held is None else _held_edge(_below(files, under), held)
    for batch in _chunks(reader.proved_entries(edge.size, size, hashes), edge.size):
        edge, made = edge.extend(batch)
        for name, data in made:
            files.write(under + name, data)
        files.sync(sorted(under + name for name, _ in made if still_served(name, edge.size)))
        told(len(batch))
    if edge.root != root:
        raise ProofError("the written tiles and the signed head have two different roots", code="mirror/inconsistent")
    if held is None or held.raw != raw:
        files.replace(under + CHECKPOINT, raw)
    for tile in superseded(0, size):
        files.delete(f"{under}{tile.path}.p")


def _held_edge(mine: StaticReader, held: Head) -> Edge:
    """Where writing goes on; from the beginning if what lies here is damaged."""
    try:
        return load_edge(held.checkpoint.size, held.checkpoint.root, mine.tile, lambda _level, index, width: mine.bundle(index, width))[0]
    except (ProofError, FormatError):
        return Edge()
    except StoreError as error:
        if error.code != "store/absent":
            raise
        return Edge()


def _below(files: Files, under: str) -> StaticReader:
    return StaticReader(lambda name, max_size: files.read(under + name, max_size))


def _chunks(entries: Iterator[bytes], start: int) -> Iterator[list[bytes]]:
    """Framed entries, whole bundles at a time but for the last, some megabytes together."""
    batch: list[bytes] = []
    size, at = 0, start
    for entry in entries:
        batch.append(frame(entry))
        size, at = size + len(entry), at + 1
        if at % TILE_WIDTH == 0 and (size >= _CHUNK or len(batch) >= _CHUNK_BUNDLES * TILE_WIDTH):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _exchange(folder: MirrorFolder) -> None:
    """Let the whole new record take the place of the old one: in one step where the system has it, or with a moment without any that :func:`settle` ends."""
    record, new, last = folder.path / RECORD, folder.path / OWN / NEXT, folder.path / OWN / LAST
    with Refusals(f"exchange the record in {folder.path}"):
        if not _swap(str(new), str(record)):
            os.rename(record, last)
            os.rename(new, record)
        _flush(folder)
    settle(folder)


def _swap(one: str, other: str) -> bool:
    """renameat2(2) with RENAME_EXCHANGE has no wrapper in any library; whether it was done."""
    number = _RENAMEAT2.get(platform.machine())
    if number is None or platform.system() != "Linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(number, _AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(code, os.strerror(code))


def _flush(folder: MirrorFolder) -> None:
    for path in (folder.path, folder.path / OWN):
        with_fd(str(path), os.fsync)
