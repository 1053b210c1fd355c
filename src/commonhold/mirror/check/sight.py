"""One organisation as a node sees it: its replayed state and the verdict on it, as values for the page and for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from commonhold.kernel.record.history import Chapter
from commonhold.kernel.record.shortcode import short_code
from commonhold.kernel.record.state import Decided, State
from commonhold.kernel.record.succession import epoch_of
from commonhold.kernel.record.verdict import FRESHNESS_UNKNOWN, STRUCK, UNWITNESSED, Verdict
from commonhold.kernel.record.watching import watched
from commonhold.mirror.standing import Standing
from commonhold.mirror.witness import origin_hash
from commonhold.pages.check import facts

TextOf = Callable[[str], bytes | None]
"""The words behind a statement's digest; None where they are not held."""

KIND_OF: Final = {"channels": "channel", "statements": "statement", "works": "publish"}


def told_of(verdict: Verdict, state: State, known: int = 0) -> facts.Told:
    """A verdict on the whole record in parts that every language can say.

    Args:
        known: the newest time that partners vouch for, in POSIX seconds; 0 for none.
    """
    time = max(state.clock or 0, known) if verdict.code == FRESHNESS_UNKNOWN else 0
    waiting = [name for name, member in state.part("members").items() if member.status == "invited"] if state.phase == "founding" else []
    entry = state.size - 1 if verdict.code == UNWITNESSED else -1
    return facts.Told(verdict.code, verdict.words, time=time, entry=entry, epoch=state.epoch, names=tuple(sorted(waiting)))


def decision_of(part: str, decided: Decided) -> facts.Decision:
    """Who decided a thing that stands in the state, under which articles and when."""
    return facts.Decision(
        id=decided.proposal,
        kind=KIND_OF.get(part, part),
        code=short_code(decided.proposal),
        by=decided.approvers,
        articles=decided.articles,
        entry=decided.index,
        time=decided.time,
    )


def organisation_of(standing: Standing, *, text_of: TextOf, trouble: str = "") -> facts.Organisation:
    """The organisation as the node's standing has it.

    Args:
        trouble: what is wrong with following its log, in English; empty for nothing.
    """
    state, history = standing.state, standing.history
    policy = state.policy
    vouched = policy.time(standing.vouching) if policy is not None else None
    signed = facts.Signed()
    if standing.vouching:
        signed = facts.Signed(tuple(sorted(standing.vouching)), vouched or min(standing.vouching.values()))
    return facts.Organisation(
        id=state.org,
        name=state.charter.name,
        told=told_of(standing.verdict, state, vouched or 0),
        mirror=origin_hash(history.current.origin),
        epoch=state.epoch,
        entries=state.size,
        members=sum(1 for _ in state.active_members()),
        signed=signed,
        officers=tuple((office, tuple(sorted(state.holders.get(office, ())))) for office in state.charter.offices),
        channels=tuple(sorted(channels_of(state), key=lambda one: (one.status != "stands", -one.decision.entry))),
        statements=tuple(sorted(statements_of(state, text_of), key=lambda one: -one.decision.entry)),
        line=tuple(_epoch(chapter) for chapter in history.line),
        alarms=tuple(facts.Alarm(one.id, one.kind, one.time) for one in standing.alarms),
        trouble=trouble,
        releases=watched(state),
    )


def _epoch(chapter: Chapter) -> facts.Epoch:
    state, epoch = chapter.state, epoch_of(chapter.state)
    if epoch is None:
        return facts.Epoch(state.epoch, chapter.origin, state.base, 0)
    return facts.Epoch(state.epoch, chapter.origin, state.base, epoch.time, epoch.unwitnessed)


def channels_of(state: State) -> Iterable[facts.Channel]:
    """Every address that the record has ever named as a channel; of one that moved, where it stands now."""
    part: Mapping[str, Decided] = state.part("channels")
    for address, decided in part.items():
        where, passed = "", set[str]()
        at: Decided | None = decided
        while at is not None and at.status == "moved" and where not in passed:
            passed.add(where)
            where = at.value["to"]
            at = part.get(where)
        stands = at is not None and at.status == "stands"
        yield facts.Channel(address, decided.status, decision_of("channels", decided), where if stands else "")


def statements_of(state: State, text_of: TextOf) -> Iterable[facts.Statement]:
    """Every official statement, with its words where they are held."""
    for digest, decided in state.part("statements").items():
        raw = text_of(digest)
        text = raw.decode("utf-8") if raw is not None else None
        yield facts.Statement(digest, decided.value["language"], decided.status, decision_of("statements", decided), text)


def left_at(organisation: facts.Organisation, origin: str) -> facts.Told | None:
    """That the organisation has left one of its logs; None if *origin* is not one of those."""
    for before, after in zip(organisation.line, organisation.line[1:], strict=False):
        if before.origin == origin:
            now = organisation.line[-1]
            words = f"struck since entry {after.entry}, the organisation is now in epoch {now.number}, at {now.origin}"
            return facts.Told(STRUCK, words, time=after.since, entry=after.entry, where=now.origin, epoch=now.number)
    return None
