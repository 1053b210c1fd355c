"""Keeping the tables in step with the log, and making them again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Final

from django.db import IntegrityError, transaction

from commonhold.house.core import ledger
from commonhold.house.core.ledger import News
from commonhold.house.record.models import Decision, Entry, Tip
from commonhold.kernel.errors import CommonholdError
from commonhold.kernel.record.state import Proposal, State
from commonhold.kernel.texts import parse_text
from commonhold.mirror.houselog import HouseLog

BATCH: Final = 500
_COLUMNS: Final = ("entry", "type", "by", "subject", "kind", "code", "words", "next_step", "events")
_SETTLED: Final = ("kind", "by", "emergency", "status", "closed")
MOST_TEXT: Final = 20_000
"""Characters of a proposed text that a search looks through."""
_turn = threading.Lock()


def catch_up() -> None:
    """Take into the tables every entry that the log has and they have not. Quick when there is none."""
    with _turn:
        news = ledger.take_news()
        if not news:
            return
        try:
            _take_or_begin(ledger.log(), news)
        except BaseException:
            ledger.give_back(news)
            raise


def _take_or_begin(log: HouseLog, news: Sequence[News]) -> None:
    try:
        with transaction.atomic():
            _take(log, news)
    except IntegrityError:
        # Somebody else has written rows where these belong.
        with transaction.atomic():
            Tip.objects.all().delete()
            _take(log, _all_news(log))


def rebuild() -> int:
    """Drop the tables and make them again from the log; gives how many entries they have then.

    Raises:
        StoreError: if the log cannot be read.
    """
    log = ledger.log()
    with _turn, transaction.atomic():
        Tip.objects.all().delete()
        _take(log, _all_news(log))
        # What came meanwhile is still waiting as news, and is taken by its index.
        return Entry.objects.count()


def _take(log: HouseLog, news: Sequence[News]) -> None:
    state, _, _ = log.head()
    base, last = state.base, news[-1].index + 1
    tip = Tip.objects.first()
    if tip is None or (tip.org, tip.epoch) != (state.org, state.epoch) or not _is_prefix(log, tip):
        tip = _begin(state)
        if news[0].index != base:
            news = _all_news(log)
            last = news[-1].index + 1
    elif news[0].index == base and not _are_ours(log, state, tip, news[: tip.size]):
        # A process that begins has read the whole log, and holds the rows to it once: somebody else wrote into them.
        tip = _begin(state)
    fresh = [one for one in news if one.index >= base + tip.size]
    if not fresh:
        return
    covered = tip.covered
    rows = []
    for one in fresh:
        rows.append(_entry(one, covered))
        if one.clock is not None and one.covered > covered:
            covered = one.covered
    Entry.objects.bulk_create(rows, batch_size=BATCH)
    _put_times(tip.covered, fresh)
    changed = {proposal for one in fresh for proposal in one.proposals}
    _put_decisions(log, state, changed if tip.size else state.part("proposals").keys())
    _forget_erased(log, state, fresh)
    tip.size, tip.covered, tip.root = last - base, covered, log.root(last - base).hex()
    tip.save()


def _put_times(covered: int, news: Sequence[News]) -> None:
    for one in news:
        if one.clock is not None and one.covered > covered:
            for table in (Entry, Decision):
                table.objects.filter(index__gte=covered, index__lt=one.covered, time=None).update(time=one.clock)
            covered = one.covered


def _are_ours(log: HouseLog, state: State, tip: Tip, news: Sequence[News]) -> bool:
    """Whether the rows are what these entries made of them; the words that a search looks through are left to :func:`rebuild`."""
    wanted, covered = {}, state.base
    for one in news:
        row = _entry(one, covered)
        covered = max(covered, one.covered) if one.clock is not None else covered
        wanted[one.index] = tuple(getattr(row, name) for name in _COLUMNS)
    times = {index: ledger.past().time_of(index) if index < covered else None for index in wanted}
    for index, time, *found in Entry.objects.order_by().values_list("index", "time", *_COLUMNS).iterator():
        if wanted.pop(index, None) != tuple(found) or time != times[index]:
            return False
    made = {one.id: one.index for one in news if one.type == "propose" and not one.code}
    for name, index, time, *found in Decision.objects.order_by().values_list("proposal", "index", "time", *_SETTLED).iterator():
        proposal = state.proposal(name)
        if proposal is None or made.pop(name, -1) != index or time != times[index]:
            return False
        made_of = _decision(log, name, proposal, None, search=False)
        if found[:3] != [made_of.kind, made_of.by, made_of.emergency] or (
            proposal.closed < state.base + len(news) and found[3:] != [made_of.status, made_of.closed]
        ):
            # What a newer entry closed is written when that entry is taken.
            return False
    return not wanted and not made and covered == tip.covered


def _begin(state: State) -> Tip:
    for table in (Entry, Decision, Tip):
        table.objects.all().delete()
    return Tip(org=state.org, epoch=state.epoch, size=0, root="", covered=state.base)


def _is_prefix(log: HouseLog, tip: Tip) -> bool:
    try:
        return log.root(tip.size).hex() == tip.root
    except CommonholdError:
        # The tables know more than the log: it was put back to an older copy.
        return False


def _all_news(log: HouseLog) -> list[News]:
    from commonhold.store.record import read_record  # noqa: PLC0415 - only where the tables have to be made again in the middle of a run

    told: list[News] = []
    read_record(log.reader(), org=log.org, watch=lambda state, outcome: told.append(ledger.news_of(state, outcome)))
    return told


def _entry(one: News, covered: int) -> Entry:
    """The row of an entry; *covered* is how many entries had a time before it."""
    events = list(one.events)
    if one.type == "attest" and not one.code:
        events.insert(0, {"name": "attested", "entries": max(0, one.covered - covered)})
    return Entry(
        index=one.index,
        entry=one.id,
        type=one.type,
        by=one.by,
        subject=one.subject,
        kind=one.kind,
        code=one.code,
        words=one.words,
        next_step=one.next_step,
        events=events,
        time=None,
    )


def _put_decisions(log: HouseLog, state: State, names: Iterable[str]) -> None:
    """Write the rows of some proposals as they are now."""
    found = [(name, proposal) for name in names if (proposal := state.proposal(name)) is not None]
    times = dict(Entry.objects.filter(entry__in=[name for name, _ in found]).values_list("entry", "time")) if len(found) < BATCH else {}
    if len(found) >= BATCH:
        times = dict(Entry.objects.filter(type="propose").values_list("entry", "time"))
    Decision.objects.bulk_create(
        [_decision(log, name, proposal, times.get(name)) for name, proposal in found],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["proposal"],
        update_fields=["status", "closed", "time"],
    )


def _decision(log: HouseLog, name: str, proposal: Proposal, time: int | None, *, search: bool = True) -> Decision:
    return Decision(
        proposal=name,
        index=proposal.index,
        kind=proposal.kind,
        by=proposal.by,
        status=proposal.status,
        emergency=bool(proposal.emergency),
        closed=proposal.closed if proposal.closed >= 0 else None,
        time=time,
        text=_searched(log, name, proposal) if search else "",
    )


def _searched(log: HouseLog, name: str, proposal: Proposal) -> str:
    words = [proposal.kind, proposal.by, name, *(str(value) for value in proposal.payload.values() if isinstance(value, str | int))]
    if isinstance(digest := proposal.payload.get("text"), str) and (text := text_of(log, digest)):
        words.append(text[:MOST_TEXT])
    return "\n".join(words).casefold()


def text_of(log: HouseLog, digest: str) -> str:
    """The words of a text object; empty where it is not there, was erased, or is none."""
    try:
        return parse_text(log.objects.get(digest))[1].decode("utf-8")
    except (CommonholdError, UnicodeDecodeError):
        return ""


def _forget_erased(log: HouseLog, state: State, fresh: Sequence[News]) -> None:
    """Take the words of erased texts out of the search."""
    if not any(event.get("name") == "enacted" for one in fresh for event in one.events):
        return
    for digest in state.part("erasures"):
        for row in Decision.objects.filter(text__contains=digest):
            proposal = state.proposal(row.proposal)
            row.text = _searched(log, row.proposal, proposal) if proposal is not None else ""
            row.save(update_fields=["text"])
