"""The works that a partner keeps for the organisations whose records it follows, as far as its keeper gives it room (docs/guide/partners.md).

What an organisation has published is taken in the order of its publication, one work at a time for each organisation: objects first, hashed while they come and
written piece by piece, the manifest last. A work for which there is no room is passed over, and what is held is never given up for another. What goes wrong is said
and tried again later, longer each time; a place that gave wrong bytes is named, and left alone for an hour.

While there is nothing to take, what is here is read and hashed, slowly; what was lost or spoilt is fetched again. What was decided to be erased is not taken
(:mod:`.stores`). When to look is the business of :mod:`.node`.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from commonhold.kernel.errors import CommonholdError, StoreError
from commonhold.kernel.record.state import State
from commonhold.kernel.works.manifest import work_bytes
from commonhold.mirror.stores import Stores
from commonhold.mirror.witness import Clock
from commonhold.store.objects.directory import ObjectDirectory
from commonhold.store.objects.ledger import HERE, Ledger
from commonhold.store.objects.pace import Pace
from commonhold.store.objects.repair import Fetcher, Replica
from commonhold.store.objects.scrub import scrub
from commonhold.store.objects.taking import HELD, NO_WORK, take_work
from commonhold.store.objects.works import load_work

AGAIN_SECONDS: Final = 60
"""How soon a work that could not be taken is tried again; twice as late each further time."""
AGAIN_MOST: Final = 6 * 3600
DISTRUST_SECONDS: Final = 3600
"""How long a place that gave wrong bytes is asked for no work of the organisation."""
SCRUB_EVERY: Final = 86_400
"""How long after the end of one look over all that is here the next begins."""
RESERVE: Final = 1 << 30
"""Bytes of the disk that works leave free, for the record and for what this node signs and must remember."""
SCRUB_RATE: Final = 16 << 20
"""Bytes a second that are read to see whether they are whole."""
_SHOWN: Final = 400


@dataclass
class _Waiting:
    """A work that could not be taken: when it is tried again, how often it failed, its size (0: unknown), and why."""

    again: int
    failures: int
    size: int
    why: str


@dataclass
class _Kept:
    """What is known of one organisation's works while this process lives."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    sizes: dict[str, int] = field(default_factory=dict)
    bytes: int = 0
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    held: int = 0
    published: int = 0
    trouble: str = ""
    anew: bool = False
    damaged: bool = False
    rest: tuple[object, object, int] | None = None
    """Until when there is nothing to do, as long as these two parts of the state stay what they are."""

    def take_room(self, work: str, size: int) -> None:
        """Count a work of *size* bytes; 0 for one that is no more."""
        self.bytes += size - self.sizes.pop(work, 0)
        if size:
            self.sizes[work] = size

    def forget(self) -> None:
        """Know nothing any more of what is here."""
        self.sizes, self.bytes, self.waiting, self.anew = {}, 0, {}, False


class Works:
    """The works of all organisations that a node follows. Threads may call at once; each organisation has one turn.

    Args:
        capacity: bytes of works that are kept of each organisation; 0 for none.
        clock: POSIX seconds.
    """

    def __init__(self, stores: Stores, capacity: int, clock: Clock) -> None:
        self.capacity = capacity
        self._stores, self._clock = stores, clock
        self._kept: dict[str, _Kept] = {}
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let whatever is under way end at its next piece."""
        self._stopped.set()

    def about(self, org: str) -> dict[str, object]:
        """What is kept of an organisation's works, as plain data."""
        kept = self._kept.get(org, _Kept())
        return {
            "capacity": self.capacity,
            "bytes": kept.bytes,
            "held": kept.held,
            "published": kept.published,
            "trouble": kept.trouble,
        }

    def look(self, org: str, state: State, replicas: Mapping[str, Replica], more: Callable[[], bool] = lambda: False) -> None:
        """Take what can be taken of the works that an organisation has published; with nothing to take, see whether what is here is whole.

        Ends when all has been tried; a second call while one is under way does nothing.

        Args:
            state: of the log in which the organisation lives.
            replicas: where works may lie, by address, in the order in which they are asked.
            more: whether something was published meanwhile: then seeing whether all is whole can wait.

        Raises:
            StoreError: if this node's disk refuses; it is tried again at the next look.
        """
        if not self.capacity or self._stopped.is_set():
            return
        kept = self._kept.setdefault(org, _Kept())
        if not kept.turn.acquire(blocking=False):
            return
        try:
            parts, now = (state.part("works"), state.part("erasures")), self._clock()
            if not (kept.anew or kept.damaged) and kept.rest is not None and kept.rest[:2] == parts and now < kept.rest[2]:
                return
            if kept.anew:
                kept.forget()
            objects = self._stores.works(org)
            with Ledger.of(objects.path) as ledger:
                self._take_all(state, objects, ledger, {name: _Stoppable(place, self._stopped) for name, place in replicas.items()}, kept)
                scrubbed = 0 if more() else self._see_whether_whole(objects, ledger, kept, more)
            again = min((waiting.again for waiting in kept.waiting.values()), default=now + SCRUB_EVERY)
            kept.rest = (*parts, min(again, scrubbed + SCRUB_EVERY)) if scrubbed else None
        except StoreError as error:
            kept.trouble = str(error)[:_SHOWN]
            raise
        finally:
            kept.turn.release()

    def look_anew(self, org: str, _digest: str = "", *, damaged: bool = False) -> None:
        """Look at every work of an organisation anew: something of one was erased, and room is free again; or something *damaged* was found."""
        kept = self._kept.setdefault(org, _Kept())
        kept.anew, kept.damaged = True, kept.damaged or damaged

    def _take_all(self, state: State, objects: ObjectDirectory, ledger: Ledger, replicas: Mapping[str, Replica], kept: _Kept) -> None:
        now = self._clock()
        for name, found in ledger.quarantined().items():
            if now - found.since >= DISTRUST_SECONDS:
                ledger.release(name)
        gone = state.part("erasures")
        published = [work for work, _ in sorted(state.part("works").items(), key=lambda item: item[1].index) if work not in gone]
        held = {work for work, places in ledger.holdings().items() if HERE in places}
        self._count(published, held, objects, ledger, kept)
        doubtful = {fault.digest for fault in ledger.faults(HERE)}
        fetcher = Fetcher(replicas, ledger, self._clock)
        troubles = []
        for work in published:
            if self._stopped.is_set():
                return
            if work not in held:
                trouble = self._take(work, objects, ledger, fetcher, kept, doubtful)
                troubles += [trouble] if trouble else []
        kept.trouble = f"{len(troubles)} works are not here: {troubles[0]}"[:_SHOWN] if troubles else ""

    def _count(self, published: list[str], held: set[str], objects: ObjectDirectory, ledger: Ledger, kept: _Kept) -> None:
        """Know the size of every work that is here; one whose manifest cannot be read any more is not held."""
        kept.published = len(published)
        for work in held.copy():
            if work not in kept.sizes and not self._stopped.is_set():
                try:
                    found = load_work(objects, work)
                except CommonholdError:
                    ledger.lost(HERE, work)
                    held.discard(work)
                    continue
                parts = found.objects()
                kept.take_room(work, len(work_bytes(found)) + sum(size for part, size in parts.items() if not objects.erased(part)))
                if any(objects.size_there(part) != size and not objects.erased(part) for part, size in parts.items()):
                    ledger.lost(HERE, work)
                    held.discard(work)
        kept.held = len(held)

    def _take(self, work: str, objects: ObjectDirectory, ledger: Ledger, fetcher: Fetcher, kept: _Kept, doubtful: set[str]) -> str:
        """Try one work; gives why it is not here, or "" if it is."""
        before, room = kept.waiting.get(work), self.capacity - kept.bytes + kept.sizes.get(work, 0)
        if before is not None and (self._clock() < before.again or before.size > room):
            return before.why
        kept.take_room(work, 0)

        def fits(size: int) -> bool:
            if size > room or not self._has_disk(objects, size):
                return False
            # Counted from now on, taken or not: what is there of it takes its room.
            kept.take_room(work, size)
            return True

        taken = take_work(objects, fetcher, work, room=fits, doubtful=doubtful, stopped=self._stopped.is_set)
        if taken.outcome == HELD:
            kept.waiting.pop(work, None)
            kept.held += 1
            for digest in doubtful.intersection((work, *load_work(objects, work).objects())):
                ledger.healed(HERE, digest)
            ledger.holds(HERE, work, self._clock())
            return ""
        failures = before.failures + 1 if before is not None else 0
        wait = AGAIN_MOST if taken.outcome == NO_WORK else min(AGAIN_MOST, AGAIN_SECONDS << min(failures, 16))
        kept.waiting[work] = _Waiting(self._clock() + wait, failures, taken.size, f"{work[:12]}: {taken.why}")
        return kept.waiting[work].why

    def _has_disk(self, objects: ObjectDirectory, size: int) -> bool:
        """Whether the disk has so much, and what has to stay free; what is there of a work already is counted twice."""
        try:
            return shutil.disk_usage(objects.path).free - size >= RESERVE
        except OSError:
            return False

    def _see_whether_whole(self, objects: ObjectDirectory, ledger: Ledger, kept: _Kept, more: Callable[[], bool]) -> int:
        """Read all that is here, if it is time; gives when that was last done without finding anything, or 0."""
        run = ledger.run(HERE)
        if not kept.damaged and run is not None and run.finished and self._clock() - run.finished < SCRUB_EVERY:
            return run.finished

        def told(_objects: int, _bytes: int) -> None:
            if self._stopped.is_set() or more():
                raise _LaterError

        anew, kept.damaged = kept.damaged, False
        try:
            done = scrub(objects, ledger, HERE, now=self._clock, pace=Pace(SCRUB_RATE), told=told, anew=anew)
        except _LaterError:
            # What was seen so far is in the ledger, and the next look goes on from there.
            return 0
        return 0 if done.faults else done.run.finished


class _LaterError(Exception):
    """Something else comes first."""


class _Stoppable:
    """A replica whose streams end when the node does."""

    def __init__(self, replica: Replica, stopped: threading.Event) -> None:
        self._replica, self._stopped = replica, stopped

    def stream(self, digest: str) -> Iterator[bytes]:
        """As :meth:`.protocol.Objects.stream`."""
        for piece in self._replica.stream(digest):
            if self._stopped.is_set():
                raise StoreError("this node is being stopped", code="mirror/stopped")
            yield piece
