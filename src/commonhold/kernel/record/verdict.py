"""Verdicts: what a reader is told, and what it rests on (DESIGN 3.6).

A verdict is about one thing that a record says: that it stands, that it was struck, or that it was never decided. This module gives the
verdicts that a reader can reach alone, by replaying one log or the logs of several epochs; what partners' fresh answers add is
``freshness``' business.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from commonhold.kernel.charter.strength import fewest
from commonhold.kernel.record.fold import Outcome
from commonhold.kernel.record.history import History
from commonhold.kernel.record.prooffile import what_came_of
from commonhold.kernel.record.state import Decided, Proposal, Seat, State

OFFICIAL: Final = "official"
UNWITNESSED: Final = "official-unwitnessed"
FRESHNESS_UNKNOWN: Final = "official-freshness-unknown"
NOT_OFFICIAL: Final = "not-official"
STRUCK: Final = "struck"
STALE: Final = "stale"
CONTRADICTORY: Final = "contradictory"
CANNOT_JUDGE: Final = "cannot-judge"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of the design's verdicts: its *code* for programs, and its *words*; *rests_on* says on whose replay."""

    code: str
    words: str
    rests_on: str = "replayed by you"

    @property
    def is_yes(self) -> bool:
        """Whether the answer is some form of "official"."""
        return self.code in (OFFICIAL, UNWITNESSED, FRESHNESS_UNKNOWN)


def judge_record(state: State, outcomes: Iterable[Outcome]) -> Verdict:
    """The verdict on a whole record that was replayed."""
    unknown = _beyond_this_version(state, outcomes)
    if unknown is not None:
        return Verdict(CANNOT_JUDGE, f"cannot judge: entry {unknown} is of a kind that the charter lists and this version does not know")
    if state.phase == "succeeding":
        return Verdict(NOT_OFFICIAL, f"not official: the members have not decided to go on in epoch {state.epoch}")
    if state.phase != "running":
        waiting = ", ".join(sorted(name for name, member in state.part("members").items() if member.status == "invited"))
        return Verdict(NOT_OFFICIAL, f"not official: the founding is not complete, {waiting} must accept it first")
    if state.clock is None:
        return Verdict(UNWITNESSED, said(state, f"official as of entry {state.size - 1}, unwitnessed"))
    return Verdict(FRESHNESS_UNKNOWN, said(state, f"official as of {moment(state.clock)}, freshness unknown"))


def judge_history(history: History) -> Verdict:
    """The verdict on the organisation, as the logs of all its epochs tell it."""
    if history.contradiction:
        names = " and ".join(sorted(set(history.contradiction)))
        return Verdict(CONTRADICTORY, f"contradictory: members or partners have signed for what excludes each other, at {names}")
    ends = [chapter.state.base for chapter in history.line[1:]] + [history.current.state.size]
    outcomes = [outcome for chapter, end in zip(history.line, ends, strict=True) for outcome in chapter.outcomes if outcome.index < end]
    return judge_record(history.current.state, outcomes)


def judge_epoch(whole: Verdict, history: History, origin: str) -> Verdict:
    """The verdict on one epoch's log as the place where the organisation lives, given the verdict on its history."""
    if whole.code == CONTRADICTORY or origin == history.current.origin:
        return whole
    for chapter, following in pairwise(history.line):
        if chapter.origin == origin:
            now = f", the organisation is now in epoch {history.current.state.epoch}, at {history.current.origin}"
            return Verdict(STRUCK, said(history.current.state, f"struck since entry {following.state.base}{now}"))
    passed = history.passed_over.get(origin)
    return Verdict(NOT_OFFICIAL, f"not official: {passed}" if passed else "not official: the record knows no such log")


def said(state: State, words: str) -> str:
    """The words of a verdict, and after them what it rests on that no partner has witnessed."""
    alone = sorted(int(number) for number, epoch in state.part("epochs").items() if epoch.unwitnessed)
    return f"{words}; unwitnessed succession in epoch {', '.join(map(str, alone))}" if alone else words


def moment(time: int) -> str:
    """A time of the record's clock, in words."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _beyond_this_version(state: State, outcomes: Iterable[Outcome]) -> int | None:
    """The first entry of a kind that this version does not know and that may have been decided; None if there is none.

    A proposal changes nothing until it is approved, so that one member alone cannot silence every reader with an entry that nobody wants: as
    many must have approved it as the charter's rule for its kind asks for at the least.
    """
    proposals: dict[str, tuple[int, str]] = {}
    approvers: dict[str, set[str]] = {}
    for outcome in outcomes:
        entry = outcome.entry
        if entry is not None and outcome.code == "kind/not-yet":
            proposals[entry.id] = (outcome.index, entry.body.kind)
        elif entry is not None and outcome.code == "act/no-proposal" and entry.type == "approve":
            approvers.setdefault(entry.body.proposal, set()).add(entry.by)
    members = sum(1 for _ in state.active_members())
    for proposal, (index, kind) in proposals.items():
        rules = [state.charter.rules[name] for name in state.charter.by_kind.get(kind, ())]
        needed = [fewest(rule.need, state.charter.bodies, state.charter.offices, members) for rule in rules if rule.need is not None]
        if len(approvers.get(proposal, ())) >= min(needed, default=members // 2 + 1):
            return index
    return None


def judge_entry(whole: Verdict, state: State, outcome: Outcome) -> Verdict:
    """The verdict on what one entry amounted to, given the verdict on its record.

    An entry that is part of a decision (its proposal, an approval of it) is judged by that decision; any other that counts stands.
    """
    if outcome.entry is None or not outcome.counts:
        return judge_decided(whole, None)
    keys = what_came_of(state, outcome.entry)
    proposals: list[Proposal] = [state.parts[part][key] for part, key in keys if part == "proposals"]
    if not proposals:
        return whole
    proposal = proposals[0]
    if proposal.status != "enacted":
        return judge_decided(whole, None)
    if proposal.kind == "channel":
        # To strike a channel is an act that stands; whoever names one as official is held to what became of it since.
        op = proposal.payload["op"]
        return whole if op == "strike" else judge_channel(whole, state, proposal.payload["to" if op == "move" else "address"])
    passed = _passed(state, keys[0][1], proposal)
    if passed and whole.is_yes:
        return Verdict(STRUCK, passed)
    decided = [state.parts[part][key] for part, key in keys if part != "proposals"]
    return judge_decided(whole, decided[0]) if decided else whole


def _passed(state: State, proposal_id: str, proposal: Proposal) -> str:
    """In words, what has become of a decision about a person or a resource that does not hold now; empty if it does."""
    payload = proposal.payload
    if proposal.kind == "appoint":
        seat: Seat | None = state.part("seats").get(f"{payload['office']}/{payload['member']}")
        if seat is None or seat.status != "held":
            return f"struck: {payload['member']} does not hold the office {payload['office']} now"
    elif proposal.kind in ("admit", "recover-member"):
        member = state.member(payload["member"])
        if member is None or member.status != "active":
            return f"struck: {payload['member']} is not a member any more"
    elif proposal.kind == "entrust":
        current: Decided = state.part("resources")[payload["resource"]]
        if current.proposal != proposal_id:
            return f"struck since entry {current.index}: {payload['resource']} is entrusted to others now"
    return ""


def judge_channel(whole: Verdict, state: State, address: str) -> Verdict:
    """The verdict on one address as a channel of record; where the channel moved, it says to which address."""
    decided: Decided | None = state.part("channels").get(address)
    where, at, passed = "", decided, set[str]()
    while at is not None and at.status == "moved" and where not in passed:
        passed.add(where)
        where = at.value["to"]
        at = state.part("channels").get(where)
    return judge_decided(whole, decided, where if at is not None and at.status == "stands" else "")


def judge_decided(whole: Verdict, decided: Decided | None, where: str = "") -> Verdict:
    """The verdict on one decided thing, given the verdict on its record.

    Args:
        where: the channel that the organisation moved to, for something that was moved.
    """
    if not whole.is_yes:
        return whole
    if decided is None:
        return Verdict(NOT_OFFICIAL, "not official: the record never decided this")
    if decided.status != "stands":
        now = f", the organisation is now at {where}" if where else ""
        return Verdict(STRUCK, f"struck since entry {decided.index}{now}")
    return whole
