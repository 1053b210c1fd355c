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

from commonhold.kernel.errors import CommonholdError, RuleError, StoreError
from commonhold.kernel.ids import parse_origin
from commonhold.kernel.record.freshness import judge_freshness, read_answers
from commonhold.kernel.record.history import Chapter, History, follow_line
from commonhold.kernel.record.state import State
from commonhold.kernel.record.verdict import NOT_OFFICIAL, Verdict, judge_epoch, judge_history
from commonhold.mirror.alarms import Alarm, Alarms
from commonhold.mirror.follower import Follower
from commonhold.mirror.held import org_of
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
        incomplete: whether a log of which something is held could not be read just now; then nothing is signed on the strength of this.
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
    incomplete: bool = False

    @property
    def state(self) -> State:
        """What the organisation's record amounts to, in the epoch in which it lives."""
        return self.history.current.state

    def log(self, origin: str) -> LogStanding | None:
        """The standing of one log; None if it is none of these."""
        return next((log for log in self.logs if log.origin == origin), None)


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
        self._reading: dict[str, threading.Lock] = {}
        self._known: OrderedDict[str, tuple[object, object, Standing]] = OrderedDict()
        self._by_org: dict[str, list[Follower]] = {}
        self._indexed: tuple[str, ...] = ()

    def organisations(self) -> list[str]:
        """The ids of all organisations of which this node follows a log, sorted."""
        return sorted(self._index())

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
        with self._turn:
            reading = self._reading.setdefault(org, threading.Lock())
        # Many readers of one organisation wait for one look; a slow one holds up no other.
        with reading:
            known = self._known.get(org)
            grown = tuple((follower.origin, follower.held()) for follower in followers)
            if known is None or known[0] != grown or known[2].incomplete:
                known = (grown, None, self._read(org, followers, now))
            notes = {follower.origin: follower.answers() for follower in followers}
            fresh = (now // LOOK_SECONDS, notes, self._alarms.count())
            if known[1] != fresh:
                alarms = [alarm for alarm in self._alarms.all() if alarm.origin in notes]
                known = (grown, fresh, freshen(known[2], notes, alarms, now, self._name))
            with self._turn:
                self._known[org] = known
                self._known.move_to_end(org)
                if len(self._known) > KEPT:
                    oldest, _ = self._known.popitem(last=False)
                    self._reading.pop(oldest, None)
            return known[2]

    def last(self, org: str) -> Standing | None:
        """What was told last, if that is at hand; nothing is read for it."""
        with self._turn:
            known = self._known.get(org)
        return known[2] if known is not None else None

    def followers_of(self, org: str) -> list[Follower]:
        """Those that follow a log of *org*, the earlier epochs first."""
        return self._index().get(org, [])

    def _index(self) -> dict[str, list[Follower]]:
        names = tuple(self._followers)
        if self._indexed != names:
            followers = [follower for name in names if (follower := self._followers.get(name)) is not None]
            found: dict[str, list[Follower]] = {}
            for follower in sorted(followers, key=lambda one: (len(one.origin), one.origin)):
                if org := org_of(follower.origin):
                    found.setdefault(org, []).append(follower)
            # The length of an origin grows with the number of its epoch, so parents come first.
            self._by_org, self._indexed = found, names
        return self._by_org

    def _read(self, org: str, followers: Sequence[Follower], now: int) -> Standing:
        chapters: dict[str, Chapter | None] = {}
        incomplete = False
        # Children first: loading one may ask its parent for the state of its branch.
        for follower in reversed(followers):
            try:
                chapters[follower.origin] = follower.chapter()
            except CommonholdError as error:
                chapters[follower.origin] = None
                incomplete = True
                if isinstance(error, StoreError) and follower is followers[0]:
                    raise
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
        return replace(_standing(org, history, now), logs=tuple(logs), incomplete=incomplete)
