"""``mirror sync``: a mirror brought up to date from another place that serves the organisation, believing nothing of it (docs/formats/mirror.md).

First the record, read and replayed beside the one that is held; then what it names, objects before manifests; then the record takes its place; then settings and
site. So whatever stops a run, the mirror is whole, and the next run takes what was left. An object that the place does not have, or has wrong, is named, and the
rest goes on.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commonhold.kernel.errors import CommonholdError, ProofError, StoreError
from commonhold.kernel.notes import sound_note
from commonhold.kernel.record.partners import mirror_keys
from commonhold.mirror.folder.fetching import Fetched, Fetching
from commonhold.mirror.folder.files import Files, held_files, partners_known, partners_of, take_files
from commonhold.mirror.folder.gathering import Gathered, Show, Wanted, gather, quiet
from commonhold.mirror.folder.heads import Head, check_decided, check_lineage, check_offered, check_replayed, head_of, held_head
from commonhold.mirror.folder.incoming import Coming, forget_coming, half_written, replay
from commonhold.mirror.folder.logs import settle, write_record
from commonhold.mirror.folder.place import MirrorFolder, opened
from commonhold.mirror.folder.source import GRACE, From, open_from, record_at, record_prefix
from commonhold.store.fetch import is_url
from commonhold.store.objects.pace import Pace
from commonhold.store.record import ReadRecord

JOBS: Final = 4


@dataclass(frozen=True)
class Synced:
    """What a mirror holds after a run, and what came: *files_refused* says why settings and site of the place were not taken, or nothing.

    *read* is the record that was replayed.
    """

    org: str
    origin: str
    epoch: int
    size: int
    before: int
    record_bytes: int
    fetched: Fetched
    gathered: Gathered
    files: Files
    files_refused: str
    read: ReadRecord

    @property
    def wrong(self) -> int:
        """How many things the place gave with other bytes than they have."""
        return self.fetched.wrong + self.files.wrong


def sync(
    place: str,
    target: Path,
    *,
    org: str = "",
    jobs: int = JOBS,
    rate: float = 0.0,
    verify: bool = False,
    show: Show = quiet,
    grace: float = GRACE,
) -> Synced:
    """Bring the mirror in *target* up to date from *place*, or begin it there.

    Args:
        place: the address of a static mirror or of a partner's mirror, or a folder.
        org: the organisation that it must be of; empty to take what is there, or what *target* holds.
        jobs: how many objects are fetched at a time.
        rate: bytes a second; 0 for as fast as it goes.
        verify: hash what is held instead of believing its size.
        grace: seconds before a server has to keep up.

    Raises:
        ProofError: if the record does not verify, is another organisation's, or has two faces, of which the proof is then kept.
        RuleError: if it is older than what is held, or of an epoch that was not decided.
        FormatError, StoreError: if it is damaged or half-written, or the place or this machine's disk cannot be read or written.
            Whatever is raised, what was held is there as it was.
    """
    if not is_url(place) and os.path.realpath(place) == os.path.realpath(target):
        raise StoreError(
            f"{place} is the mirror itself", code="mirror/inside", next_step="Name the place to read from first, then the folder."
        )
    with contextlib.closing(open_from(place, grace=grace)) as source:
        return _sync(source, target, org, jobs, Pace(rate), verify=verify, show=show)


def _sync(source: From, target: Path, org: str, jobs: int, pace: Pace, *, verify: bool, show: Show) -> Synced:
    there = record_at(source, record_prefix(source))
    try:
        offered = head_of(there)
    except StoreError as error:
        if error.code != "store/absent":
            raise
        raise StoreError(
            f"{source} is half-written: {error}", code="mirror/half-written", next_step="Try again later, or read from another mirror."
        ) from None
    if org and offered.org != org:
        raise ProofError(
            f"{source} serves the record of {offered.org}, not of {org}",
            code="record/other-org",
            next_step="Compare the organisation's id with one that you have on paper or from a partner.",
            data={"found": offered.org, "expected": org},
        )
    with opened(target, offered.org) as folder:
        settle(folder)
        held = held_head(folder, offered)
        if held is not None:
            check_offered(folder, held, offered, source)
        same = held is not None and held.key.name == offered.key.name
        coming = Coming(folder, offered, there.fetch, held=same, pace=pace)
        read = replay(coming, offered, source, show=show)
        check_decided(read.state, source)
        reader = coming.reader()
        if held is not None:
            check_replayed(folder, held, offered, read.tree, source)
            if held.epoch < offered.epoch:
                check_lineage(folder, held, reader, source)
        fetching = Fetching(source, folder.objects, jobs=jobs, pace=pace)
        gathered = gather(Wanted.of(read.state), folder.objects, fetching, verify=verify, show=show)
        raw = _published(read, held, offered)
        try:
            write_record(folder, reader, offered, held, raw, anew=verify or coming.anew)
        except StoreError as error:
            raise half_written(error, offered, source) from None
        files, refused = _files(folder, source, read, offered, verify=verify, pace=pace, show=show)
        if partners_known(files.listed) or not folder.hinted():
            folder.write_hint(partners_of(folder, files.listed))
        forget_coming(folder)
    before = held.checkpoint.size if held is not None and same else 0
    return Synced(
        offered.org,
        offered.key.name,
        offered.epoch,
        offered.checkpoint.size,
        before,
        coming.bytes,
        fetching.done,
        gathered,
        files,
        refused,
        read,
    )


def _published(read: ReadRecord, held: Head | None, offered: Head) -> bytes:
    """The checkpoint to publish: the log's own line, and what the record's partners signed under it, here or there; anything else is left out."""
    raws = [offered.raw] if held is None or held.checkpoint != offered.checkpoint else [held.raw, offered.raw]
    return sound_note(raws, [offered.key, *mirror_keys(read.state)])


def _files(
    folder: MirrorFolder, source: From, read: ReadRecord, offered: Head, *, verify: bool, pace: Pace, show: Show
) -> tuple[Files, str]:
    """Settings and site, and why they were not taken; what is wrong with them ends nothing, since no reader rests on them."""
    try:
        return take_files(folder, source, offered.key, read.tree, verify=verify, pace=pace, show=show), ""
    except CommonholdError as error:
        return Files(listed=held_files(folder, offered.key)[2]), str(error)
