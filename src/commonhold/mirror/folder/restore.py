"""``restore``: a new house out of mirrors, on any machine (docs/guide/restore.md).

A house that is gone took its log's key along, and the key gave it no authority: what the members hold in common is in every mirror. So a mirror is
synced and checked, what one lacks another gives, and a member opens the next epoch on it, which counts once the members have decided so.

Everything is gathered and made ready below ``.restoring``; only then do its parts move to where a house has them, the record last. Whatever stops it, the
next run goes on from there.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from commonhold.kernel.errors import CommonholdError, ProofError, StoreError
from commonhold.kernel.record.freshness import read_answers
from commonhold.mirror.folder.fetching import Fetched, Fetching
from commonhold.mirror.folder.files import held_files
from commonhold.mirror.folder.gathering import Gathered, Show, Wanted, gather, quiet
from commonhold.mirror.folder.place import EVIDENCE, MirrorFolder, opened
from commonhold.mirror.folder.source import GRACE, open_from
from commonhold.mirror.folder.sync import JOBS, Synced, sync
from commonhold.store.files import DirectoryFiles, Refusals, with_fd
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.pace import Pace
from commonhold.store.reader import CHECKPOINT, MAX_CHECKPOINT
from commonhold.store.record import LOG_KEY, RECORD, ReadRecord
from commonhold.store.snapshots import SETTINGS

STAGE: Final = ".restoring"
MIRROR: Final = "mirror"
HOUSE: Final = "house"
KEYS: Final = os.path.dirname(LOG_KEY)
READY: Final = "ready"
LOCK: Final = "lock"
ANOTHER: Final = "Run it again, or name further mirrors before the folder; what came is kept. --anyway goes on without what is missing."
_IGNORED: Final = {STAGE, "lost+found"}
_MAX_READY: Final = 64 << 20
_OLDER: Final = frozenset({"mirror/older", "mirror/earlier-epoch"})

OpenNext = Callable[[Path, Path], None]
"""``open_next(mirror, house)``: opens the next epoch of the record of a mirror in a new folder, with a log key of its own."""


@dataclass(frozen=True)
class Recovery:
    """The last point at which partners stood behind the record: how many of its log's entries, who, and when (POSIX seconds; 0: nobody, there is no policy).

    *entries* is how many are held: those after *size* rest on the log's own signature.
    """

    entries: int
    size: int
    time: int
    by: tuple[str, ...]


@dataclass
class Restored:
    """What came into the new house, and what is in none of the mirrors: works, objects by digest with the reason, and texts that the record names.

    *places* says of mirrors that were not taken why.
    """

    org: str
    epoch: int = 0
    recovery: Recovery = Recovery(0, 0, 0, ())
    objects: int = 0
    bytes: int = 0
    works: int = 0
    incomplete: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    files: int = 0
    snapshots: int = 0
    settings: bool = False
    places: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing of the works is missing."""
        return not self.incomplete and not self.failed

    @property
    def lossless(self) -> bool:
        """Whether nothing at all is missing: no work, and no text that the record names, though a record may name one that no house ever had."""
        return self.whole and not self.texts


def restore(
    places: Sequence[str],
    target: Path,
    *,
    org: str = "",
    open_next: OpenNext | None = None,
    anyway: bool = False,
    jobs: int = JOBS,
    rate: float = 0.0,
    show: Show = quiet,
    grace: float = GRACE,
) -> Restored:
    """Make a house in *target* out of one mirror or several.

    Args:
        places: addresses or folders of mirrors; the first that verifies is taken, and what it lacks is taken from the others.
        org: whose it must be; empty to take what the first says.
        open_next: opens the next epoch; None for a house that can be read and not written to.
        anyway: go on although something of a published work is in none of the mirrors.

    Raises:
        StoreError: ``restore/not-empty``; ``restore/incomplete`` unless *anyway*; or if no place can be read. ProofError, RuleError: as :func:`.sync.sync`,
            ``record/other-org`` also where the restore that was stopped in *target* is of another organisation.
        What came is kept below *target*, and the next run goes on.
    """
    check_target(target)
    stage = target / STAGE
    with _alone(target):
        if (stage / READY).is_file():
            # Everything was ready, and something stopped it while it moved.
            _check_ready(target, org)
            return _ended(target, _move(target), opens=open_next is not None)
        done = gather_mirrors(places, stage / MIRROR, org=org, jobs=jobs, rate=rate, show=show, grace=grace)
        if not done.whole and not anyway:
            raise incomplete(done)
        house = stage / HOUSE
        with Refusals(f"make the house in {target}"):
            if house.is_dir():
                # Of a run that was stopped here nothing was used yet, its log's key neither.
                shutil.rmtree(house)
            if open_next is not None:
                open_next(stage / MIRROR, house)
                _flush(house)
        DirectoryFiles(stage).replace(READY, json.dumps(dataclasses.asdict(done)).encode())
        return _move(target)


def gather_mirrors(
    places: Sequence[str],
    folder: Path,
    *,
    org: str = "",
    jobs: int = JOBS,
    rate: float = 0.0,
    show: Show = quiet,
    grace: float = GRACE,
) -> Restored:
    """Bring everything that several mirrors have of one organisation into one folder.

    Raises:
        ProofError, FormatError, RuleError, StoreError: why the last place was not taken, if none was.
    """
    best: Synced | None = None
    done = Restored(org)
    last: CommonholdError | None = None
    for place in places:
        try:
            found = sync(place, folder, org=org or (best.org if best else ""), jobs=jobs, rate=rate, show=show, grace=grace)
        except CommonholdError as error:
            if "errno" in error.data:
                # It was this machine's disk.
                raise
            done.places[place], last = str(error), error
            # An older copy is not taken for the record, and gives its objects all the same.
            if best is not None and error.code in _OLDER:
                _count(done, *_fill(place, folder, best, jobs=jobs, rate=rate, show=show, grace=grace))
        else:
            best = found
            _count(done, found.fetched, found.gathered)
        if best is not None and _describe(done, best, folder).lossless and done.settings:
            # The others are not asked for what is here.
            break
    if best is None:
        raise last or StoreError("no mirror was named", code="restore/no-mirror", next_step="Name the address or the folder of one.")
    return done


def check_target(target: Path) -> None:
    """Refuse a folder that holds anything but a restore that was stopped.

    Raises:
        StoreError: ``restore/not-empty``, or as the disk says.
    """
    with Refusals(f"look into {target}"):
        try:
            names = set(os.listdir(target))
        except FileNotFoundError:
            return
        if (target / STAGE / READY).is_file():
            return
        if (target / RECORD / CHECKPOINT).is_file():
            # The last that a restore does is to put the record here.
            raise StoreError(
                f"{target} is not empty: there is a house in it",
                code="restore/not-empty",
                next_step=f"It is whole if commonhold verify {target} says so. Choose an empty folder for another; nothing was written.",
            )
        if names - _IGNORED:
            raise StoreError(
                f"{target} is not empty",
                code="restore/not-empty",
                next_step="Choose an empty folder, or one that is not there yet; nothing was written.",
            )


def incomplete(done: Restored, next_step: str = ANOTHER) -> StoreError:
    """What to say when something is in none of the mirrors."""
    first = next((f"; {digest}: {why}" for digest, why in done.failed.items()), "")
    return StoreError(
        f"{len(done.incomplete)} works are not whole at the mirrors that were asked; {len(done.failed)} objects and {len(done.texts)} texts could not be had{first}",
        code="restore/incomplete",
        next_step=next_step,
        data={"works": done.incomplete[:1000], "objects": done.failed, "texts": done.texts[:1000]},
    )


def recovery_of(read: ReadRecord) -> Recovery:
    """How far partners stood behind a record: its own checkpoint if it satisfies the policy in force, else what the newest attest covers."""
    state = read.state
    answers = read_answers(state, read.tree.root, [read.checkpoint_raw])
    if state.policy is None:
        return Recovery(read.checkpoint.size, 0, 0, ())
    time = state.policy.time(answers.vouching)
    if time is not None:
        return Recovery(read.checkpoint.size, read.checkpoint.size, time, tuple(sorted(answers.vouching)))
    return Recovery(read.checkpoint.size, max(0, state.covered - state.base), state.clock or 0, ())


def _fill(place: str, folder: Path, best: Synced, *, jobs: int, rate: float, show: Show, grace: float) -> tuple[Fetched, Gathered]:
    with opened(folder, best.org) as mirror:
        fetching = Fetching(open_from(place, grace=grace), mirror.objects, jobs=jobs, pace=Pace(rate))
        gathered = gather(Wanted.of(best.read.state), mirror.objects, fetching, show=show)
    return fetching.done, gathered


def _count(done: Restored, fetched: Fetched, gathered: Gathered) -> None:
    done.objects += fetched.objects
    done.bytes += fetched.bytes
    done.failed |= fetched.failed
    done.works, done.incomplete = gathered.works, gathered.incomplete


def _describe(done: Restored, best: Synced, folder: Path) -> Restored:
    objects = ObjectDirectory(folder)
    # The partners' signatures of all mirrors that were asked have come together in the folder's checkpoint.
    raw = DirectoryFiles(folder / RECORD).read(CHECKPOINT, MAX_CHECKPOINT)
    done.org, done.epoch, done.recovery = best.org, best.epoch, recovery_of(dataclasses.replace(best.read, checkpoint_raw=raw))
    # What one mirror failed to give, another may have given.
    done.failed = {digest: why for digest, why in done.failed.items() if objects.size_there(digest) < 0}
    done.texts = [text for text in Wanted.of(best.read.state).texts if objects.size_there(text) < 0]
    # As they lie here: what the last mirror lacked, one before may have given.
    note, _, listed = held_files(MirrorFolder(folder, best.org), best.read.log_key)
    done.files, done.settings = len(listed), note is not None
    done.snapshots = sum(path.startswith("snapshots/") for path in listed)
    return done


def _ready(target: Path) -> Restored:
    return msgspec.json.decode(DirectoryFiles(target / STAGE).read(READY, _MAX_READY), type=Restored)


def _ended(target: Path, done: Restored, *, opens: bool) -> Restored:
    """What a stopped run came to, which may have been made to be read alone.

    Raises:
        StoreError: ``restore/read-only``.
    """
    if opens and not (target / KEYS).exists():
        raise StoreError(
            f"the restore that was stopped in {target} was made without a kit; it is whole now, and can be read and not added to",
            code="restore/read-only",
            next_step=f"Restore with --kit out of it into another folder: commonhold restore {target} DIR --kit FILE",
        )
    return done


def _check_ready(target: Path, org: str) -> None:
    """Refuse to end another organisation's restore in place of the one that was asked for."""
    found = _ready(target).org
    if org and found != org:
        raise ProofError(
            f"a restore of {found} was stopped in {target}, and this is of {org}",
            code="record/other-org",
            next_step="Choose another folder, or end that one first by naming its organisation.",
            data={"found": found, "expected": org},
        )


def _move(target: Path) -> Restored:
    """Move what is ready to where a house has it; each step may have been done already. The record comes last: where it is, the house is whole."""
    stage = target / STAGE
    mirror, house = stage / MIRROR, stage / HOUSE
    done = _ready(target)
    steps = [
        (mirror / "objects", target / "objects"),
        (mirror / "site", target / "site"),
        (mirror / "snapshots", target / "snapshots"),
        (mirror / EVIDENCE, target / "evidence"),
        *((mirror / "settings" / name, target / name) for name in SETTINGS),
        (house / KEYS, target / KEYS),
        # Without a next epoch it is the mirror's own.
        ((house if house.is_dir() else mirror) / RECORD, target / RECORD),
    ]
    with Refusals(f"make the house in {target}"):
        for source, place in steps:
            if source.exists() and not place.exists():
                os.rename(source, place)
                with_fd(str(target), os.fsync)
        # The mark goes last, so that whatever stops this, the next run clears up and says what was restored.
        for left in set(os.listdir(stage)) - {READY, LOCK}:
            shutil.rmtree(stage / left)
        (stage / READY).unlink()
        with_fd(str(stage), os.fsync)
    return done


@contextlib.contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One restore into a folder at a time; where nothing came, nothing is left."""
    stage, new = target / STAGE, not target.exists()
    lock = DirectoryFiles(stage).lock(LOCK)
    try:
        # Another may have ended since the folder was looked into.
        check_target(target)
        yield
    finally:
        with contextlib.suppress(OSError):
            if os.listdir(stage) == [LOCK]:
                (stage / LOCK).unlink()
                stage.rmdir()
            if new:
                target.rmdir()
        lock.release()


def _flush(folder: Path) -> None:
    for where, _, names in os.walk(folder, topdown=False):
        for name in names:
            with_fd(f"{where}/{name}", os.fsync)
        with_fd(where, os.fsync)
