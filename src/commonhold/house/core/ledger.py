"""The record, as the house's pages read it and write to it: one log, open in this process, and the news that its tables have not taken yet.

:func:`open_log` opens it once; :func:`log` gives it to whoever needs it. The state is an immutable value, so a page that took one sees one moment, whatever
is signed meanwhile.
"""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from commonhold.kernel.errors import StoreError
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.state import State
from commonhold.mirror.asking import Asker
from commonhold.mirror.houselog import HouseLog
from commonhold.store.reader import StaticReader

NEAR: Final = 64
"""How far apart two entries may stand that are read in one go."""


@dataclass(frozen=True, slots=True)
class News:
    """One entry as the tables keep it: where it stands, what it was, and what became of it.

    Args:
        subject: what it is about: a proposal's id, its own for ``propose``; empty where it is about none.
        kind: of the decision that it proposes; empty for other acts.
        events: what it brought about, as plain data.
        proposals: those that it changed.
        covered, clock: how many entries have a time after it, and which; None in a house without a clock.
    """

    index: int
    id: str
    type: str
    by: str
    subject: str
    kind: str
    code: str
    words: str
    next_step: str
    events: tuple[dict[str, Any], ...]
    proposals: tuple[str, ...]
    covered: int
    clock: int | None


class Past:
    """What the state does not keep of the entries before it, and pages must not believe a table for.

    When they were, what was refused and why, and which of them are about one proposal: a few numbers for each entry, filled as the log is read.
    """

    def __init__(self) -> None:
        self.refused: dict[int, News] = {}
        self._about: dict[str, list[int]] = {}
        self._covered: list[int] = []
        self._clocks: list[int] = []
        self._attests: list[int] = []

    def add(self, news: News) -> None:
        """Take one more entry."""
        if news.code:
            self.refused[news.index] = news
        if news.subject:
            self._about.setdefault(news.subject, []).append(news.index)
        if news.clock is not None and news.covered > (self._covered[-1] if self._covered else 0):
            self._covered.append(news.covered)
            self._clocks.append(news.clock)
            self._attests.append(news.index)

    def time_of(self, index: int) -> int | None:
        """The record's clock at the attest that covers an entry; None while none does."""
        place = bisect.bisect_right(self._covered, index)
        return self._clocks[place] if place < len(self._clocks) else None

    def clock_after(self, attest: int) -> int | None:
        """What the record's clock was after an attest: its own time; None where it has none."""
        place = bisect.bisect_right(self._attests, attest)
        return self._clocks[place - 1] if place else None

    def about(self, proposal: str) -> tuple[int, ...]:
        """The entries that are about one proposal, itself first, refused ones among them."""
        return tuple(self._about.get(proposal, ()))


class _Desk:
    """The open log of this process, and the news since the tables last took them."""

    def __init__(self) -> None:
        self.log: HouseLog | None = None
        self.copy: State | None = None
        self.clock: Callable[[], int] | None = None
        self.past = Past()
        self._news: list[News] = []
        self._last = -1
        self._lock = threading.Lock()

    def begin(self) -> None:
        with self._lock:
            self._news, self._last, self.past = [], -1, Past()

    def told(self, state: State, outcome: Outcome) -> None:
        with self._lock:
            if outcome.index <= self._last:
                # The log was read again from its beginning, after a disk that refused.
                self._news.clear()
                self.past = Past()
            news = news_of(state, outcome)
            self._last = news.index
            self.past.add(news)
            self._news.append(news)

    def take(self) -> list[News]:
        with self._lock:
            taken, self._news = self._news, []
            return taken

    def give_back(self, news: list[News]) -> None:
        with self._lock:
            self._news = [*news, *self._news]


_desk = _Desk()


def open_log(folder: Path, clock: Callable[[], int], say: Callable[[str], None], asker: Asker | None = None) -> HouseLog:
    """Open the log of the house in *folder* for this process, after reading it whole.

    Raises:
        StoreError, ProofError, FormatError: as :meth:`.mirror.houselog.HouseLog`.
    """
    _desk.begin()
    _desk.clock = clock
    _desk.log = HouseLog(folder, clock, say, asker, watch=_desk.told)
    return _desk.log


def read_copy(folder: Path) -> None:
    """Read the record of the house in *folder* for a process that only looks, while another one has the log open.

    Raises:
        StoreError, ProofError, FormatError: as :func:`.store.record.read_record`.
    """
    from commonhold.store.record import RECORD, read_record, telling  # noqa: PLC0415 - a house that serves never needs it

    _desk.copy = read_record(StaticReader.from_directory(folder / RECORD), keep=telling).state
    _desk.clock = lambda: int(time.time())


def log() -> HouseLog:
    """The open log.

    Raises:
        StoreError: ``house/no-log`` before it was opened.
    """
    if _desk.log is None:
        raise StoreError("the log of this house is not open", code="house/no-log", next_step="Start it with `commonhold house serve`.")
    return _desk.log


def state() -> State:
    """What the record amounts to now.

    Raises:
        StoreError: if the log is not open, or cannot be read.
    """
    if _desk.log is None and _desk.copy is not None:
        return _desk.copy
    return log().state


def now() -> int:
    """POSIX seconds by the clock that the log was opened with: the machine's, and in tests one that they move.

    Raises:
        StoreError: ``house/no-log`` before it was opened.
    """
    if _desk.clock is None:
        log()
    assert _desk.clock is not None  # noqa: S101 - `log` has raised otherwise
    return _desk.clock()


def past() -> Past:
    """What the state does not keep of the entries before it."""
    return _desk.past


def leaf(index: int) -> bytes:
    """The bytes of one entry, as the log has them.

    Raises:
        FormatError: if the log has no such entry. StoreError, ProofError: if it cannot be read.
    """
    return leaves((index,))[0]


def leaves(indexes: Sequence[int]) -> list[bytes]:
    """The bytes of some entries of this epoch's log, in their order; neighbours are read together. Raises as :func:`leaf` does."""
    now, size, _ = log().head()
    reader, found = log().reader(), []
    at = 0
    while at < len(indexes):
        end = at + 1
        while end < len(indexes) and 0 <= indexes[end] - indexes[end - 1] <= NEAR:
            end += 1
        first = indexes[at]
        run = list(reader.entries(first - now.base, indexes[end - 1] + 1 - now.base, size))
        found += [run[index - first] for index in indexes[at:end]]
        at = end
    return found


def take_news() -> list[News]:
    """The entries that no table has taken yet, oldest first; whoever takes them keeps them, or gives them back."""
    return _desk.take()


def give_back(news: list[News]) -> None:
    """Put news back that could not be kept."""
    _desk.give_back(news)


def news_of(state: State, outcome: Outcome) -> News:
    """One entry as the tables keep it; *state* is the one after it."""
    entry = outcome.entry
    subject = kind = ""
    if entry is not None:
        if entry.type == "propose":
            subject, kind = entry.id, entry.body.kind
        else:
            subject = getattr(entry.body, "proposal", "") or getattr(entry.body, "of", "") or getattr(entry.body, "release", "") or ""
    return News(
        index=outcome.index,
        id=entry.id if entry is not None else "",
        type=entry.type if entry is not None else "",
        by=entry.by if entry is not None else "",
        subject=subject if len(subject) == 64 else "",
        kind=kind,
        code=outcome.code,
        words=outcome.words,
        next_step=outcome.next_step,
        events=tuple({"name": event.name, **event.data} for event in outcome.events),
        proposals=tuple(sorted(key for part, key in outcome.changed if part == "proposals")),
        covered=state.covered,
        clock=state.clock,
    )
