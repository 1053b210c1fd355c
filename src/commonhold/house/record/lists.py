"""The lists of decisions and of entries: what their addresses ask for, and the pages of rows that answer it.

Tables choose and order; what each row says comes from the fold. A question that makes no sense is taken as far as it makes one.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.http import urlencode
from markupsafe import Markup, escape

from commonhold.house.core import ledger
from commonhold.house.record import words
from commonhold.house.record.models import Decision, Entry
from commonhold.house.record.showing import row
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.messages import N_
from commonhold.kernel.record.attention import may_approve, must_confirm
from commonhold.kernel.record.entries import parse_entry
from commonhold.kernel.record.shortcode import parse_code
from commonhold.kernel.record.state import State
from commonhold.pages.language import Language

PAGE: Final = 25
ENTRIES: Final = 40
LONGEST: Final = 200
WORDS: Final = 8


def asked(request: HttpRequest, name: str) -> str:
    """One line of what an address asks for, without characters that no search can find."""
    return "".join(c for c in request.GET.get(name, "")[:LONGEST] if c.isprintable()).strip()


@dataclass(frozen=True, slots=True)
class Choices:
    """What somebody chose among a list, and what a link to another page of it must keep."""

    chosen: dict[str, str]

    @property
    def keep(self) -> str:
        """The chosen, as an address has it, without a page."""
        return urlencode({name: value for name, value in self.chosen.items() if value})

    @property
    def any(self) -> bool:
        """Whether anything is chosen at all."""
        return any(self.chosen.values())


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list."""

    page: Page[Any]
    rows: list[Any]
    choices: Choices
    counts: dict[str, int] = field(default_factory=dict)


def decisions(request: HttpRequest, spoken: Language, state: State, member: str) -> Listed:
    """The decisions that an address asks for, newest first."""
    chosen = {name: asked(request, name) for name in ("status", "kind", "by", "mine", "q")}
    chosen["status"] = chosen["status"] if chosen["status"] in words.STATUS else ""
    chosen["kind"] = chosen["kind"] if chosen["kind"] in kinds(state) else ""
    chosen["by"] = chosen["by"] if state.member(chosen["by"]) is not None else ""
    chosen["mine"] = "1" if chosen["mine"] else ""
    found = Decision.objects.all()
    if chosen["kind"]:
        found = found.filter(kind=chosen["kind"])
    if chosen["by"]:
        found = found.filter(by=chosen["by"])
    if chosen["mine"]:
        found = found.filter(proposal__in=needing(state, member))
    found = _worded(found, chosen["q"])
    counts = dict(found.order_by().values_list("status").annotate(n=Count("pk")))
    if chosen["status"]:
        found = found.filter(status=chosen["status"])
    total = counts.get(chosen["status"], 0) if chosen["status"] else sum(counts.values())
    page = _Counted(found.only("proposal"), PAGE, total).get_page(request.GET.get("p"))
    rows = [shown for one in page if (shown := row(spoken, state, one.proposal, member)) is not None]
    return Listed(page, rows, Choices(chosen), {status: counts.get(status, 0) for status in words.STATUS if counts.get(status)})


def _worded(found: QuerySet[Decision], typed: str) -> QuerySet[Decision]:
    try:
        code = parse_code(typed)
    except CommonholdError:
        for word in typed.casefold().split()[:WORDS]:
            found = found.filter(text__contains=word)
        return found
    return found.filter(proposal__startswith=code)


class _Counted(Paginator[Any]):
    """Pages of a list whose length is known already."""

    def __init__(self, found: QuerySet[Any], size: int, total: int) -> None:
        super().__init__(found, size)
        self._total = total

    @property
    def count(self) -> int:
        """Known, and no query."""
        return self._total


def needing(state: State, member: str) -> list[str]:
    """The open decisions that need a member."""
    proposals = state.parts["proposals"]
    return [
        key for key in state.opened if may_approve(state, key, proposals[key], member) or must_confirm(state, key, proposals[key], member)
    ]


def kinds(state: State) -> list[str]:
    """The kinds of decision that the charter knows."""
    return sorted({*state.charter.by_kind, "depart", "succeed"})


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline: an entry, or some of the partners' confirmations folded into one."""

    index: int
    type: str
    icon: str
    said: Markup
    came: tuple[Markup, ...] = ()
    refused: str = ""
    next_step: str = ""
    time: int | None = None
    folded: int = 0


@dataclass(frozen=True, slots=True)
class Day:
    """The entries of one day on the record's clock, or those that have no time."""

    named: Markup
    date: str
    events: list[Event]


def entries(request: HttpRequest, spoken: Language, state: State) -> Listed:
    """The entries that an address asks for, newest first, by day."""
    chosen = {name: asked(request, name) for name in ("type", "by", "refused")}
    chosen["type"] = chosen["type"] if chosen["type"] in words.TYPES else ""
    chosen["by"] = chosen["by"] if state.member(chosen["by"]) is not None else ""
    chosen["refused"] = "1" if chosen["refused"] else ""
    found = Entry.objects.all()
    for name in ("type", "by"):
        if chosen[name]:
            found = found.filter(**{name: chosen[name]})
    if chosen["refused"]:
        found = found.exclude(code="")
    page = Paginator(found, ENTRIES).get_page(request.GET.get("p"))
    return Listed(page, _days(spoken, state, _events(spoken, state, list(page))), Choices(chosen))


def _events(spoken: Language, state: State, rows: list[Entry]) -> list[Event]:
    """The lines of some rows; the words are the log's, and a row that is not in the log has none."""
    past, there = ledger.past(), [one for one in rows if state.base <= one.index < state.size]
    try:
        raws = reversed(ledger.leaves(sorted({one.index for one in there})))
    except CommonholdError:
        raws = reversed([b""] * len(there))
    found = []
    for one, raw in zip(there, raws, strict=False):
        refused, time = past.refused.get(one.index), past.time_of(one.index)
        try:
            entry = parse_entry(raw)
        except CommonholdError:
            found.append(
                Event(one.index, "", "warning", spoken.html(N_("An entry that nobody can read")), refused=_why(refused), time=time)
            )
            continue
        if entry.type == "attest" and refused is None:
            covered = sum(int(told.get("entries", 0)) for told in one.events if isinstance(told, dict) and told.get("name") == "attested")
            came = _came(spoken, state, one)
            found.append(
                Event(one.index, "attest", words.icon_of("attest"), Markup(""), came, time=past.clock_after(one.index), folded=covered)
            )
            continue
        found.append(
            Event(
                one.index,
                entry.type,
                "circle-xmark" if refused else words.icon_of(entry.type),
                words.act(spoken, state, entry),
                () if refused else _came(spoken, state, one),
                _why(refused),
                refused.next_step if refused else "",
                time,
            )
        )
    return found


def _why(refused: ledger.News | None) -> str:
    return refused.words if refused is not None else ""


def _came(spoken: Language, state: State, one: Entry) -> tuple[Markup, ...]:
    told = [words.event(spoken, state, event) for event in one.events if isinstance(event, dict)]
    return tuple(said for said in told if said)


def _days(spoken: Language, state: State, events: Iterable[Event]) -> list[Day]:
    found: list[Day] = []
    for one in events:
        date = datetime.datetime.fromtimestamp(one.time, datetime.UTC).date() if one.time else None
        key = date.isoformat() if date else ""
        if not found or found[-1].date != key:
            nothing = N_("Not confirmed by partners yet") if state.policy is not None else N_("In their order: the record has no clock yet")
            found.append(Day(escape(spoken.date(date)) if date else spoken.html(nothing), key, []))
        _add(spoken, found[-1].events, one)
    return found


def _add(spoken: Language, line: list[Event], one: Event) -> None:
    """Put an event behind the others; partners' confirmations that brought nothing else about become one."""
    if one.type == "attest":
        last = line[-1] if line else None
        entries_ = one.folded
        if last is not None and last.type == "attest" and not last.came and not one.came:
            line.pop()
            entries_ += last.folded
        said = spoken.html_count("Partners confirmed %(n)s entry.", "Partners confirmed %(n)s entries.", entries_)
        one = Event(one.index, "attest", one.icon, said, one.came, time=one.time, folded=entries_)
    line.append(one)
