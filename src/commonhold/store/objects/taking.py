"""Taking a work from elsewhere: its objects first, each hashed while it comes and only then kept, and its manifest last.

What is here already is not fetched again, so a work that was half taken is gone on with. No more than the manifest is ever held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Final, NamedTuple

from commonhold.kernel.errors import CommonholdError, FormatError, RuleError
from commonhold.kernel.works.manifest import MAX_MANIFEST, Work, parse_work
from commonhold.store.objects.incoming import Incoming
from commonhold.store.objects.protocol import Objects, Putting, Source
from commonhold.store.objects.repair import Fetcher

HELD: Final = "held"
NO_ROOM: Final = "no-room"
LACKING: Final = "lacking"
NO_WORK: Final = "no-work"
"""What came of taking a work: it is whole here; it is larger than the room that there is; something of it is at no place; its id names something else."""


class Taken(NamedTuple):
    """What came of it; *size* in bytes of the manifest and of all objects that were not erased, 0 where the manifest is nowhere."""

    outcome: str
    size: int = 0
    why: str = ""


class _Memory:
    """Puts one object into memory."""

    def __init__(self) -> None:
        self.raw = b""

    def put(self, source: Source, *, digest: str = "", size: int = -1) -> str:
        """As :meth:`.protocol.Putting.put`, of at most a manifest's size, and into memory."""
        coming = Incoming(source, digest=digest, size=size, max_size=MAX_MANIFEST)
        self.raw = b"".join(coming.pieces())
        return coming.digest


def take_work(
    objects: Objects,
    fetcher: Fetcher,
    digest: str,
    *,
    room: Callable[[int], bool],
    doubtful: Container[str] = (),
    stopped: Callable[[], bool] = lambda: False,
) -> Taken:
    """Bring the work with this id into *objects*, from whatever replica the *fetcher* has.

    Args:
        room: whether there is room for so many bytes; asked before the first object is fetched.
        doubtful: digests of objects that are not to be believed though they lie here: they are fetched again.
        stopped: looked at between two objects.

    Raises:
        StoreError: if *objects* cannot be written; what came before is kept.
    """
    raw = _manifest(objects, fetcher, digest, doubtful)
    if isinstance(raw, Taken):
        return raw
    try:
        work = parse_work(raw)
    except FormatError as error:
        return Taken(NO_WORK, why=str(error))
    size = len(raw) + sum(each for part, each in work.objects().items() if not objects.erased(part))
    if not room(size):
        return Taken(NO_ROOM, size, f"it has {size} bytes, and there is no room for them")
    with objects.batch() as batch:
        lacking = _take_objects(objects, batch, fetcher, work, doubtful, stopped)
    if lacking:
        return Taken(LACKING, size, _why(fetcher, lacking))
    try:
        objects.put(raw, digest=digest)
    except RuleError as error:
        return Taken(NO_WORK, why=str(error))
    objects.mark_work(digest)
    return Taken(HELD, size)


def _manifest(objects: Objects, fetcher: Fetcher, digest: str, doubtful: Container[str]) -> bytes | Taken:
    """The manifest's bytes, from here or elsewhere, or why there are none."""
    if digest not in doubtful:
        try:
            return objects.get(digest)
        except RuleError as error:
            return Taken(NO_WORK, why=str(error))
        except CommonholdError:
            pass
    memory = _Memory()
    return memory.raw if fetcher.fetch(digest, memory, ours=True) else Taken(LACKING, why=_why(fetcher, digest))


def _take_objects(
    objects: Objects, batch: Putting, fetcher: Fetcher, work: Work, doubtful: Container[str], stopped: Callable[[], bool]
) -> str:
    """Fetch what is not here; gives the first object that could not be had, or "" if nothing is lacking."""
    for part, size in work.objects().items():
        if part not in doubtful and _is_here(objects, part, size):
            continue
        try:
            if stopped() or not fetcher.fetch(part, batch, size):
                return part
        except RuleError:
            # Erased while the work was on its way: nothing of it is lacking.
            continue
    return ""


def _is_here(objects: Objects, digest: str, size: int) -> bool:
    """Whether an object of that size is here, or is to be nowhere."""
    try:
        return objects.size(digest) == size
    except RuleError:
        return True
    except CommonholdError:
        return False


def _why(fetcher: Fetcher, digest: str) -> str:
    liars = [f"{name} gave wrong bytes ({why})" for name, why in fetcher.quarantined.items()]
    silent = [f"{name}: {why}" for name, why in fetcher.unreachable.items()]
    return "; ".join([f"the object {digest} could not be had from any place that was asked", *liars, *silent])
