"""Who speaks for an organisation now, as one node knows it: all its logs that the node holds, read as one (DESIGN 3.4, 3.6).

The node's copies are verified and folded already, so the line through them costs little; the rules are the kernel's (``history``, ``verdict``,
``freshness``), and the same that any reader follows. What a page or another program asks for is one immutable :class:`Standing`.

Kept for a few organisations at a time, and made again only when a log has grown; how fresh the answers are is looked at every few seconds.

Not here: signing that a log has ended (:mod:`.frozen`); pages.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from commonhold.kernel.errors import CommonholdError, RuleError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import Chapter, History, follow_line
from commonhold.kernel.record.state import State
from commonhold.kernel.record.verdict import NOT_OFFICIAL, Verdict, judge_epoch, judge_history
from commonhold.mirror.alarms import Alarm, Alarms
from commonhold.mirror.follower import Follower
from commonhold.mirror.witness import Clock, origin_hash

CURRENT: Final = "current"
STRUCK: Final = "struck"
SUCCEEDING: Final = "succeeding"
CONTRADICTORY: Final = "contradictory"
PASSED_OVER: Final = "passed-over"
UNREAD: Final = "unread"
KEPT: Final = 64
"""Organisations whose standing is kept at hand: each holds a state, which its pages ask for."""
LOOK_SECONDS: Final = 5
"""How long the judgement of how fresh the answers are is believed."""


@dataclass(frozen=True, slots=True)
class LogStanding:
    """One log of the organisation, as this node judges it.

    Args:
        hash: how paths name it.
        size: how many of its leaves are held.
        status: ``current``, ``struck``, ``succeeding`` (not decided yet), ``contradictory``, ``passed-over`` (it does not stand), or ``unread``
            (nothing that could be believed is held yet).
        verdict: as ``judge_epoch`` gives it.
    """

    origin: str
    hash: str
    epoch: int
    size: int
    status: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Standing:
    """Who speaks for one organisation, and what that rests on.

    Args:
        org: its id.
        history: the line through all logs that this node holds; ``history.current`` is where it lives.
        verdict: on the organisation, with this node's own answers and those that it has heard from others.
        logs: each log that this node follows, the earlier epochs first.
        alarms: what this node noticed of any of them, the newest first.
        partners: the names in the policy in force, sorted.
        vouching: which of them stand behind exactly what is held here, and when they last said so, in POSIX seconds.
        time: when it was judged, in POSIX seconds of this node.
    """

    org: str
    history: History
    verdict: Verdict
    logs: tuple[LogStanding, ...]
    alarms: tuple[Alarm, ...]
    partners: tuple[str, ...]
    vouching: Mapping[str, int]
    time: int

    @property
    def state(self) -> State:
        """What the organisation's record amounts to, in the epoch in which it lives."""
        return self.history.current.state

    def log(self, origin: str) -> LogStanding | None:
        """The standing of one log; None if it is none of these."""
        return next((log for log in self.logs if log.origin == origin), None)


def org_of(origin: str) -> str:
    """The organisation whose log has this origin; empty where the origin is none of ours."""
    try:
        return parse_origin(origin)[0]
    except CommonholdError:
        return ""


def replace_times(chapter: Chapter, notes: Sequence[bytes]) -> Chapter:
    """*chapter* with the times of those partners who cosigned exactly what it holds."""
    return replace(chapter, times=read_answers(chapter.state, chapter.tree.root, notes).vouching)


def _standing(org: str, history: History, now: int) -> Standing:
    return Standing(org, history, judge_history(history), (), (), (), {}, now)


def freshen(standing: Standing, notes: Mapping[str, Sequence[bytes]], alarms: Sequence[Alarm], now: int, name: str) -> Standing:
    """*standing* judged again at *now*, with the answers and alarms of this moment; its history stays."""
    history = standing.history
    current = history.current
    answers = read_answers(current.state, current.tree.root, notes.get(current.origin, ()))
    verdict = judge_freshness(judge_history(history), current.state, answers, now)
    verdict = replace(verdict, rests_on=f"replayed by {name}")
    policy = current.state.policy
    return replace(
        standing,
        verdict=verdict,
        logs=tuple(replace(log, verdict=judge_epoch(verdict, history, log.origin)) for log in standing.logs),
        alarms=tuple(alarms),
        partners=tuple(sorted(policy.witnesses)) if policy is not None else (),
        vouching=dict(answers.vouching),
        time=now,
    )


def status_of(history: History, origin: str) -> str:
    """One word for what has become of a log whose chapter was read."""
    if origin in history.contradiction:
        return CONTRADICTORY
    if origin == history.current.origin:
        return CURRENT
    if any(chapter.origin == origin for chapter in history.line):
        return STRUCK
    passed = history.passed_over.get(origin)
    return SUCCEEDING if passed is not None and passed.code == "history/not-decided" else PASSED_OVER


class Standings:
    """The standings of a node's organisations. Threads may call at once.

    Args:
        followers: the node's own, which may grow.
        alarms: what it noticed.
        clock: POSIX seconds.
        name: of the node.
    """

    def __init__(self, followers: Mapping[str, Follower], alarms: Alarms, clock: Clock, name: str) -> None:
        self._followers, self._alarms, self._clock, self._name = followers, alarms, clock, name
        self._turn = threading.Lock()
        self._known: OrderedDict[str, tuple[object, object, Standing]] = OrderedDict()

    def organisations(self) -> list[str]:
        """The ids of all organisations of which this node follows a log, sorted."""
        return sorted({org_of(follower.origin) for follower in list(self._followers.values())} - {""})

    def of(self, org: str) -> Standing:
        """Who speaks for *org*, as of a few seconds ago.

        Raises:
            RuleError: ``mirror/unknown-log`` if this node follows no log of it.
            ProofError: ``history/no-founding`` if it does not hold the first one, or not yet.
            StoreError: if the node's own disk cannot be read, or is being caught up with.
        """
        followers = self.followers_of(org)
        if not followers:
            raise RuleError(
                f"this node does not follow the record of the organisation {org[:12]}",
                code="mirror/unknown-log",
                next_step="Ask one of the organisation's own partners.",
            )
        now = self._clock()
        grown = tuple((follower.origin, follower.held()) for follower in followers)
        with self._turn:
            known = self._known.get(org)
            if known is None or known[0] != grown:
                known = (grown, None, self._read(org, followers, now))
            fresh = (now // LOOK_SECONDS, tuple(follower.head() for follower in followers), self._alarms.count())
            if known[1] != fresh:
                notes = {follower.origin: follower.answers() for follower in followers}
                origins = {follower.origin for follower in followers}
                alarms = [alarm for alarm in self._alarms.all() if alarm.origin in origins]
                known = (grown, fresh, freshen(known[2], notes, alarms, now, self._name))
            self._known[org] = known
            self._known.move_to_end(org)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            return known[2]

    def followers_of(self, org: str) -> list[Follower]:
        """Those that follow a log of *org*, the earlier epochs first."""
        found = [follower for follower in list(self._followers.values()) if org and org_of(follower.origin) == org]
        return sorted(found, key=lambda follower: (parse_origin(follower.origin)[1], follower.origin))

    def _read(self, org: str, followers: Sequence[Follower], now: int) -> Standing:
        chapters = {follower.origin: follower.chapter() for follower in followers}
        read = [replace_times(found, follower.answers()) for follower in followers if (found := chapters[follower.origin]) is not None]
        history = follow_line(org, read)
        logs = []
        for follower in followers:
            chapter = chapters[follower.origin]
            _, epoch, _ = parse_origin(follower.origin)
            size = chapter.tree.size if chapter is not None else follower.size()
            status = status_of(history, follower.origin) if chapter is not None else UNREAD
            unread = Verdict(NOT_OFFICIAL, "not official: nothing of it could be read yet")
            logs.append(LogStanding(follower.origin, origin_hash(follower.origin), epoch, size, status, unread))
        return replace(_standing(org, history, now), logs=tuple(logs))
